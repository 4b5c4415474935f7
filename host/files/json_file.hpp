#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

namespace retort::files {

// An empty object when there is no such file. Throws std::runtime_error naming the file when it is not JSON.
nlohmann::ordered_json read_json(const std::filesystem::path& file);

}  // namespace retort::files
