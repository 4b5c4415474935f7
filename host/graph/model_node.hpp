#pragma once

#include <optional>

#include "assembly.hpp"

namespace retort::graph {

// Creates a teacher or student for images of `image`, fills in `classes` and `input_shape` from the data set, loads its
// weights file, and settles how its images are normalised. Problems go to `diagnostics`; empty on an error.
std::optional<ModelNode> make_model_node(const std::string& role, const config::ModelSpec& spec,
                                         const DatasetInfo& data, const Shape& image, const Workshop& workshop,
                                         config::Diagnostics& diagnostics);

// Reports what a component threw: as the user's mistake or as the plugin's.
void report(const registry::ComponentError& error, config::Diagnostics& diagnostics);

}  // namespace retort::graph
