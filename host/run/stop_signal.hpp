#pragma once

#include <atomic>

namespace retort::run {

// While it lives, SIGINT, SIGTERM and SIGUSR1 ask for a stop: the step under way is finished and the run saved. A
// second one ends the process at once. At most one object at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  static const std::atomic<bool>& requested();
};

}  // namespace retort::run
