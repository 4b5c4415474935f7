#include "failure_reason.hpp"

#include <cstring>
#include <fstream>

namespace retort::study {

std::string failure_reason(const std::filesystem::path& log, std::uintmax_t begin, const Ending& ending) {
  if (ending.signal != 0) return std::string("killed: ") + ::strsignal(ending.signal);
  std::ifstream stream(log, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(begin));
  std::string last;
  std::string error;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) continue;
    last = line;
    if (line.starts_with("retort: error: ") || line.find(": error: ") != std::string::npos) error = line;
  }
  if (!error.empty()) return error;
  return last.empty() ? "it ended with exit code " + std::to_string(ending.code) : last;
}

}  // namespace retort::study
