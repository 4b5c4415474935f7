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
  // Asks for a stop without a signal: the next one is the first. [any thread]
  static void request();
};

}  // namespace retort::run
