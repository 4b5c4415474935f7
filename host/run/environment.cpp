#include "environment.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <retort/abi.hpp>
#include <retort/nearest.hpp>

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

std::string environment_changes(const std::filesystem::path& first, const nlohmann::ordered_json& now) {
  std::ifstream stream(first);
  const auto before = nlohmann::ordered_json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!before.is_object()) return "";
  std::vector<std::string> changes;
  for (const char* key : {"retort", "git_revision", "torch", "abi", "device", "threads", "cpu"}) {
    if (!before.contains(key) || before[key] == now[key]) continue;
    changes.push_back(fmt::format("{}: {} -> {}", key, before[key].dump(), now[key].dump()));
  }
  for (const char* key : {"plugins", "data"}) {
    if (before.contains(key) && before[key] != now[key]) changes.push_back(std::string(key) + ": others");
  }
  return join(changes, "; ");
}

}  // namespace retort::run
