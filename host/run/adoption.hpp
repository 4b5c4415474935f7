#pragma once

#include "graph/model_node.hpp"
#include "run_directory.hpp"

namespace retort::run {

// Whether a model, or a member of an ensemble, has the weights of an earlier stage's student.
bool comes_from_stages(const graph::ModelNode& node);

// Takes over those weights. Throws config::Rejected, located, when they do not fit, and DataError when a file cannot be
// read.
void adopt_students(const graph::ModelNode& node, const RunDirectory& directory);

}  // namespace retort::run
