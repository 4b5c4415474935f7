#pragma once

#include <vector>

#include <torch/types.h>

namespace retort::engine {

// Takes back what a step did to some tensors when the step turns out not to be finite, without reading from the device.
// Costs a copy of the tensors a step. [step thread]
class Rollback {
 public:
  // Tensors that the step changes in place.
  explicit Rollback(std::vector<torch::Tensor> tensors);

  // Before the step.
  void remember();
  // After it: where `finite`, a boolean scalar on the tensors' device, is false, they become what they were.
  void settle(const torch::Tensor& finite);

 private:
  std::vector<torch::Tensor> tensors_;
  std::vector<torch::Tensor> before_;
};

// Whether all values of all tensors are finite (and the sum of their squares is): a boolean scalar on their device.
torch::Tensor all_finite(const std::vector<torch::Tensor>& tensors);

}  // namespace retort::engine
