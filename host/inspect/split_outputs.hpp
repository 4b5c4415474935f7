#pragma once

#include "data/source.hpp"
#include "graph/training_graph.hpp"

namespace retort::inspect {

// What a model makes of every sample of a split, in the split's order, on the CPU.
struct SplitOutputs {
  torch::Tensor logits;       // [N, classes] double
  torch::Tensor penultimate;  // [N, features] double; undefined when the model declares no such tap
  torch::Tensor target;       // [N] int64
};

// In eval mode, computing in `type`. Throws registry::ComponentError, and Error when an output is not finite.
SplitOutputs run_over(const graph::ModelNode& node, const data::Source& source, c10::ScalarType type);

}  // namespace retort::inspect
