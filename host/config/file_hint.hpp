#pragma once

#include <filesystem>
#include <string>

namespace retort::config {

// "; did you mean 'teacher.safetensors'?" for a file that does not exist, from those beside it with its extension; or
// "".
std::string nearest_file(const std::filesystem::path& file);

}  // namespace retort::config
