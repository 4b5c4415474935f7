#include "experiment_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "config/toml_reader.hpp"

namespace retort::study {

config::Node read_experiment_file(const std::filesystem::path& file) {
  config::Diagnostics diagnostics;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) diagnostics.error({file.string()}, std::string("cannot read it: ") + std::strerror(errno));
  diagnostics.throw_if_failed();
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  config::Node document = config::read_toml(text, file.string(), diagnostics);
  diagnostics.throw_if_failed();
  return document;
}

}  // namespace retort::study
