#pragma once

#include "training_graph.hpp"

namespace retort::graph {

// Where all branches of a term end in the same normalization, offers it to the loss. A loss that takes it normalises
// its features itself, in one pass with its own work; the branches then end before it, and a note says so.
void absorb_normalizations(TrainingGraph& graph);

}  // namespace retort::graph
