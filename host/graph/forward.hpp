#pragma once

#include <vector>

#include "training_graph.hpp"

namespace retort::graph {

// What the losses are evaluated on.
struct ObjectiveInputs {
  const Taps& student;
  const Taps* teacher;   // null when no term needs one
  torch::Tensor target;  // [N] int64
  torch::Tensor index;   // [N] int64
  std::int64_t step = 0;
};

// The objective of one batch: scalars on the step's device.
struct Objective {
  torch::Tensor total;               // sum of weight * term
  std::vector<torch::Tensor> terms;  // unweighted, in the order of the graph's terms
};

// Images [N, C, H, W], normalised as the node's input says. The teacher runs in eval mode under no_grad.
// Throws registry::ComponentError.
Taps forward_model(const ModelNode& node, const torch::Tensor& images, const torch::Tensor& target,
                   const TapRequest& request);

// Every term on its branches; `weights` is [terms], on the step's device. Throws registry::ComponentError.
Objective evaluate_objective(const TrainingGraph& graph, const ObjectiveInputs& inputs, const torch::Tensor& weights);

// Tells a term's loss the value of a scheduled parameter. Throws registry::ComponentError.
void set_parameter(const Term& term, const std::string& parameter, double value);

// tap -> projector of one branch.
torch::Tensor project(const Branch& branch, const torch::Tensor& tap);

// tap -> projector -> normalization of one branch.
torch::Tensor run_branch(const Branch& branch, const torch::Tensor& tap);

}  // namespace retort::graph
