#include "run_events.hpp"

#include <cctype>
#include <fstream>

namespace retort::report {
namespace {

bool begins_with_time(const std::string& line) {
  return line.size() > 10 && std::isdigit(static_cast<unsigned char>(line[0])) && line[4] == '-' && line[10] == 'T';
}

}  // namespace

std::vector<RunEvent> read_events(const std::filesystem::path& file) {
  std::vector<RunEvent> events;
  std::ifstream stream(file, std::ios::binary);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t level = line.find(' ');
    const std::size_t message = level == std::string::npos ? level : line.find(' ', level + 1);
    if (begins_with_time(line) && message != std::string::npos) {
      events.push_back({line.substr(0, level), line.substr(level + 1, message - level - 1), line.substr(message + 1)});
    } else if (!events.empty()) {
      events.back().message += "\n" + line;
    }
  }
  return events;
}

}  // namespace retort::report
