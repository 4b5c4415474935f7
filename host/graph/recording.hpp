#pragma once

#include "config/diagnostics.hpp"
#include "training_graph.hpp"

namespace retort::graph {

// Finds out whether a record of the operators of teacher and student does what they do: their forward passes are
// recorded on two samples and the record is run on two others. Settles ModelNode::recordable and notes what the passes
// of `graph.engine` make of the records; a model that claims to be capture-safe but is not gets a warning.
// Throws registry::ComponentError.
void try_recording(TrainingGraph& graph, config::Diagnostics& diagnostics);

}  // namespace retort::graph
