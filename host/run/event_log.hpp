#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "metrics/progress.hpp"

namespace spdlog {
class logger;
}

namespace retort::run {

// What happens in a run, in words: to stderr (around the progress line) and, once there is a directory, to events.log
// with the time. [any thread]
class EventLog {
 public:
  explicit EventLog(metrics::ProgressLine& progress);
  ~EventLog();

  // From here on also into this file, which is appended to. Throws Error when it cannot be written.
  void open(const std::filesystem::path& file);
  void info(std::string_view message);
  void warn(std::string_view message);
  void error(std::string_view message);  // to the file only: whoever catches the error shows it

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace retort::run
