#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace retort::weights {

// The parameters and buffers of a module under their PyTorch names ("layer1.0.conv1.weight"), detached; they share
// memory with the module.
std::map<std::string, torch::Tensor> state_dict(const torch::nn::Module& module);

// How a set of tensors fits a module.
struct LoadReport {
  struct Misshaped {
    std::string name;
    std::vector<std::int64_t> expected;  // in the module
    std::vector<std::int64_t> found;     // in the tensors
  };
  std::vector<std::string> missing;     // in the module only
  std::vector<std::string> unexpected;  // in the tensors only
  std::vector<Misshaped> misshaped;

  bool clean() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
  // What does not fit, in one sentence a kind with the first names of each, and a prefix or a near name that explains
  // it where there is one; "" when clean.
  std::string text() const;
};

// Copies `tensors` into the module, converted to its types and devices. Unless the report is clean, nothing is
// changed. Only `num_batches_tracked` may be missing: checkpoints from before PyTorch 0.4.1 lack it.
LoadReport load_state(torch::nn::Module& module, const std::map<std::string, torch::Tensor>& tensors);

// The SHA-256, in hexadecimal, of the names, types, shapes and bytes of all parameters and buffers: equal before and
// after means that nothing has changed the module.
std::string state_hash(const torch::nn::Module& module);

}  // namespace retort::weights
