#pragma once

#include <optional>

#include "catalog.hpp"

namespace retort::config {

// Turns a loaded document into an experiment. Everything that is wrong is reported together; then there is no result.
// A warning alone does not prevent one.
std::optional<ExperimentSpec> read_experiment(const Node& document, const Catalog& catalog, Diagnostics& diagnostics);

}  // namespace retort::config
