#include "metrics/target_file.hpp"

#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "files/atomic_file.hpp"

namespace retort::metrics {
namespace {

// "host:port" of "http://host:port/path"
std::string_view host_and_port(std::string_view url) {
  url.remove_prefix(std::string_view("http://").size());
  return url.substr(0, url.find('/'));
}

}  // namespace

TargetFile::TargetFile(std::filesystem::path path, const std::string& url) : path_(std::move(path)) {
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path());
  const nlohmann::json target = {{"targets", {host_and_port(url)}}};
  files::write_file(path_, nlohmann::json::array({target}).dump() + "\n");
}

TargetFile::~TargetFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace retort::metrics
