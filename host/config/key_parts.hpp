#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <retort/param.hpp>

#include "keys.hpp"

// What the tables of keys are made of: one function for each type of value.
namespace retort::config {

using Specs = std::vector<ParamSpec>;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

ParamSpec boolean(const char* name, const char* doc, bool fallback);
ParamSpec integer(const char* name, const char* doc, double min, std::optional<std::int64_t> fallback,
                  double max = kInfinity);
ParamSpec number(const char* name, const char* doc, Range range, std::optional<double> fallback);
ParamSpec text(const char* name, const char* doc, std::optional<std::string> fallback = {},
               std::vector<std::string> choices = {});
ParamSpec list(const char* name, const char* doc, ParamSpec element);
ParamSpec table(const char* name, const char* doc, Specs fields);
ParamSpec tables(const char* name, const char* doc, ParamSpec element);
ParamSpec either(const char* name, const char* doc, Specs alternatives);
ParamSpec required(ParamSpec spec);
// A table whose keys, but for `fields`, are parameters of what `use` names.
ParamSpec open_table(const char* name, const char* doc, const char* use_doc, Specs fields);
ParamSpec component(const char* name, const char* doc, const char* use_doc, Specs fields);
std::vector<std::string> uses(const std::vector<Variant>& variants);

}  // namespace retort::config
