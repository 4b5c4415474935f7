#pragma once

#include <string>
#include <vector>

#include "training_graph.hpp"

namespace retort::graph {

// The prune pass. Takes out what cannot change the student: terms whose weight is 0 for ever, with their branches.
// What is left decides which taps each model is asked for in a training step, and a model computes nothing behind the
// last of them; a teacher that no term needs is not run at all.
void prune(TrainingGraph& graph);

}  // namespace retort::graph
