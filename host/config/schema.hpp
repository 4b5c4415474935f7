#pragma once

#include <span>

#include <nlohmann/json.hpp>

#include <retort/component.hpp>

namespace retort::config {

// The JSON Schema (Draft 4, which editors' TOML support reads) of an experiment that may use `components`. It flags
// unknown keys, wrong types and values out of range while one types; since a file may extend another, it demands no key
// outside lists. read_experiment() is the authority.
nlohmann::json experiment_schema(std::span<const Descriptor> components);

}  // namespace retort::config
