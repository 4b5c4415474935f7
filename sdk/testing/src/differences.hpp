#pragma once

#include <functional>

#include <retort/testing.hpp>

namespace retort::testing {

struct Variable {
  std::string name;
  torch::Tensor tensor;
};

// The module's trainable parameters.
std::vector<Variable> trainable(const torch::nn::Module& module);

// Turns floating parameters and buffers to float64; Module::to would turn integers too.
void to_float64(torch::nn::Module& module);

// Makes the values of `to`'s parameters and buffers those of `from`.
void copy_state(const torch::nn::Module& from, torch::nn::Module& to);

// Calls `body`; what it throws becomes a failure that begins with `what`.
void guarded(Failures& failures, const std::string& what, const std::function<void()>& body);

// "" or how far two tensors are apart, when that is more than relative * |b| + absolute.
std::string difference(const torch::Tensor& a, const torch::Tensor& b, double relative, double absolute);

// Compares the gradients of a scalar with central finite differences. All tensors are float64 and contiguous leaves.
// Before each evaluation the generators are seeded and `module`'s buffers are put back.
Failures compare_gradients(torch::nn::Module& module, const std::function<torch::Tensor()>& value,
                           const std::vector<Variable>& variables);

}  // namespace retort::testing
