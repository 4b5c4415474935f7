#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace retort::run {

// The time that "90s", "45m", "2h30m" or "1d12h" means; nothing for other text, and for 0.
std::optional<std::chrono::seconds> parse_time(const std::string& text);

// Asks for a stop, as a signal does, when a time is over; without a limit it never does. Lives within a StopSignal.
class TimeLimit {
 public:
  explicit TimeLimit(std::optional<std::chrono::seconds> limit);

  bool over() const { return over_; }

 private:
  std::atomic<bool> over_{false};
  std::jthread thread_;  // declared last: it is gone before what it writes
};

}  // namespace retort::run
