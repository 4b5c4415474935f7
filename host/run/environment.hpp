#pragma once

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

}  // namespace retort::run
