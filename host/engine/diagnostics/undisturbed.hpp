#pragma once

#include "engine/step_values.hpp"
#include "graph/training_graph.hpp"
#include "program/kept_state.hpp"

namespace retort::engine {

// While it lives, forward and backward passes leave no trace in the training: buffers of the trained modules, the
// states of LibTorch's generators and what components have reported are put back at its end. Parameters and their
// gradients are not: use torch::autograd::grad(). What a component keeps outside its buffers is out of reach, as it is
// for a checkpoint.
class Undisturbed {
 public:
  Undisturbed(const graph::TrainingGraph& graph, c10::Device device, StepValues& values);
  ~Undisturbed();
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  StepValues& values_;
  std::map<StepValues::Key, at::Tensor> reported_;
  program::KeptState kept_;
};

}  // namespace retort::engine
