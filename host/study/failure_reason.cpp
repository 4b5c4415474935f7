#include "failure_reason.hpp"

#include <cstring>
#include <fstream>
#include <string_view>

#include "run/run_directory.hpp"

namespace retort::study {
namespace {

constexpr std::string_view kErrorLevel = "error ";

}  // namespace

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

std::string recorded_error(const std::filesystem::path& directory) {
  const std::filesystem::path log = run::RunDirectory::open(directory).events();
  std::ifstream stream(log, std::ios::binary);
  std::string error;
  for (std::string line; std::getline(stream, line);) {
    const std::size_t level = line.find(' ') + 1;  // behind the time
    if (line.compare(level, kErrorLevel.size(), kErrorLevel) == 0) error = line.substr(level + kErrorLevel.size());
  }
  return error.empty() ? "its " + log.string() + " names no error" : error;
}

}  // namespace retort::study
