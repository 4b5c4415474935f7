#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "config/experiment.hpp"

namespace retort::engine {

struct NamedParameter {
  std::string name;
  torch::Tensor tensor;
};

// Parameters that are updated alike.
struct ParameterGroup {
  double weight_decay = 0.0;
  std::vector<NamedParameter> parameters;
};

// With `decay_1d` one group; without it, parameters of one dimension (biases, normalization weights) are in a second
// group without weight decay. Every parameter is in exactly one.
std::vector<ParameterGroup> parameter_groups(const config::OptimizerSpec& spec, std::vector<NamedParameter> parameters);

// Updates parameters from their gradients with LibTorch's fused operators. Parameters without a gradient stay as they
// are. [step thread]
class Optimizer {
 public:
  explicit Optimizer(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {}
  virtual ~Optimizer() = default;

  // `lr` is a scalar tensor: float64 on the CPU, float32 on a GPU's parameters, on their device.
  virtual void step(const torch::Tensor& lr) = 0;
  // The bfloat16 copy of a parameter that step() has to keep up to date, in the pass that updates the parameter;
  // undefined: it has none.
  using CopyOf = std::function<torch::Tensor(const torch::Tensor& parameter)>;
  void keep_copies(CopyOf copy_of) { copy_of_ = std::move(copy_of); }
  // Forgets the gradients; the next backward pass makes new ones.
  void zero_grad();
  // The gradients that are there, of all groups.
  std::vector<torch::Tensor> gradients() const;
  const std::vector<ParameterGroup>& groups() const { return groups_; }

  // What a checkpoint has to hold, by "<parameter>.<quantity>"; the tensors share memory with the optimizer.
  virtual std::map<std::string, torch::Tensor> state() const = 0;
  // Copies values back; throws Error when an entry is missing or of another shape.
  void load_state(const std::map<std::string, torch::Tensor>& state);

 protected:
  torch::Tensor copy_of(const torch::Tensor& parameter) const {
    return copy_of_ ? copy_of_(parameter) : torch::Tensor();
  }

  std::vector<ParameterGroup> groups_;

 private:
  CopyOf copy_of_;
};

std::unique_ptr<Optimizer> make_optimizer(const config::OptimizerSpec& spec, std::vector<NamedParameter> parameters);

// The Euclidean norm of all gradients together, a scalar on their device.
torch::Tensor total_norm(const std::vector<torch::Tensor>& gradients);

// Scales the gradients so that their total norm is at most `limit`; returns the norm before. No synchronisation.
torch::Tensor clip_norm(const std::vector<torch::Tensor>& gradients, double limit);

}  // namespace retort::engine
