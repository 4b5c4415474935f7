#pragma once

#include <string>
#include <vector>

#include <retort/param.hpp>

#include "config/node.hpp"

namespace retort::run {

// One way to measure an experiment: what is laid over it, as by --set.
struct BenchVariant {
  std::string name;
  std::vector<std::string> set;
};

// "all", then "without <pass>" for each pass, then "none". The passes are the switches of the table [engine], its
// boolean keys that are on by default; one that `experiment` has switched off is left alone. Only "all" where none is
// on. `keys`: config::experiment_keys().
std::vector<BenchVariant> pass_variants(const std::vector<ParamSpec>& keys, const config::Node& experiment);

}  // namespace retort::run
