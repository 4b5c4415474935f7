#include "file_hint.hpp"

#include <algorithm>
#include <vector>

#include <retort/nearest.hpp>

namespace retort::config {

std::string nearest_file(const std::filesystem::path& file) {
  std::vector<std::string> names;
  std::error_code failure;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::filesystem::directory_iterator entry(folder, failure);
  for (const std::filesystem::directory_iterator end; !failure && entry != end; entry.increment(failure)) {
    if (entry->path().extension() == file.extension()) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return did_you_mean(file.filename().string(), names);
}

}  // namespace retort::config
