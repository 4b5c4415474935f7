#pragma once

#include <string>
#include <vector>

#include "experiment.hpp"

namespace retort::config {

// Reads `transforms` of a data set, in both forms. Parameters that are not given have their defaults. `key` is where
// the list stands.
std::vector<TransformSpec> read_transforms(const Node& list, const std::string& key, Diagnostics& diagnostics);

}  // namespace retort::config
