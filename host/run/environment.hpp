#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <c10/core/Device.h>
#include <nlohmann/json_fwd.hpp>

#include "registry/registry.hpp"

namespace retort::run {

// What a run depends on besides its experiment: versions, device, threads, machine, command line, plugins with the
// SHA-256 of their libraries.
nlohmann::ordered_json environment(const registry::Registry& registry, c10::Device device,
                                   const std::vector<std::string>& command_line);

// How the environment of a later sitting differs from that of the first, in what results may depend on: "threads: 1 ->
// 2; torch: ..."; "" when it does not, or the first one's file cannot be read.
std::string environment_changes(const std::filesystem::path& first, const nlohmann::ordered_json& now);

}  // namespace retort::run
