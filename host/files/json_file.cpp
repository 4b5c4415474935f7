#include "json_file.hpp"

#include <fstream>
#include <stdexcept>

namespace retort::files {

nlohmann::ordered_json read_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) return nlohmann::ordered_json::object();
  try {
    return nlohmann::ordered_json::parse(stream);
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(file.string() + " is not JSON: " + error.what());
  }
}

}  // namespace retort::files
