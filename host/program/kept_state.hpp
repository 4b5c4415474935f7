#pragma once

#include <utility>
#include <vector>

#include <torch/nn/module.h>

#include "generator_states.hpp"

namespace retort::program {

// Puts back, at its end, what forward passes change: the buffers of modules and the states of LibTorch's generators.
// Parameters and their gradients are not: use torch::autograd::grad().
class KeptState {
 public:
  KeptState(const std::vector<const torch::nn::Module*>& modules, c10::Device device);
  ~KeptState();
  KeptState(const KeptState&) = delete;
  KeptState& operator=(const KeptState&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;  // each with its copy
  GeneratorStates generators_;
};

}  // namespace retort::program
