#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace retort::report {

// A line of events.log: "2026-11-22T11:11:31.263+00:00 warning stage student: ...".
struct RunEvent {
  std::string time;
  std::string level;  // "info", "warning", "error"
  std::string message;
};

// Lines that do not begin with a time belong to the message before. None when there is no such file.
std::vector<RunEvent> read_events(const std::filesystem::path& file);

}  // namespace retort::report
