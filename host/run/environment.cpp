#include "environment.hpp"

#include <unistd.h>

#include <filesystem>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <retort/abi.hpp>

#include "build_info.hpp"

namespace retort::run {

nlohmann::ordered_json environment(const registry::Registry& registry, c10::Device device,
                                   const std::vector<std::string>& command_line) {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  nlohmann::ordered_json plugins = nlohmann::ordered_json::array();
  for (const auto& [library, sha256] : registry.loaded()) plugins.push_back({{"library", library}, {"sha256", sha256}});
  return {{"retort", RETORT_VERSION_STRING}, {"git_revision", RETORT_GIT_REVISION},
          {"torch", RETORT_TORCH_VERSION},   {"abi", RETORT_ABI_STAMP},
          {"device", device.str()},          {"threads", at::get_num_threads()},
          {"cpu", at::get_cpu_capability()}, {"host", host},
          {"process", ::getpid()},           {"working_directory", std::filesystem::current_path().string()},
          {"command_line", command_line},    {"plugins", std::move(plugins)}};
}

}  // namespace retort::run
