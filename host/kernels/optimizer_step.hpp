#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace retort::kernels {

// One parameter: its float32 master, what the optimizer remembers of it, and a bfloat16 copy that the model computes
// with. All of an entry but the gradient lie in memory in one order, densely (a channels-last copy has a channels-last
// master and state); a gradient in another order is copied first.
struct SgdEntry {
  at::Tensor master, momentum;  // float32; momentum: zeros before the first step
  at::Tensor gradient;          // float32 or bfloat16
  at::Tensor copy;              // bfloat16, or undefined
};

struct AdamEntry {
  at::Tensor master, mean, square;  // float32
  at::Tensor steps;                 // float32 scalar: steps done, this one included
  at::Tensor gradient;              // float32 or bfloat16
  at::Tensor copy;                  // bfloat16, or undefined
};

struct SgdSettings {
  double momentum = 0, weight_decay = 0;
  bool nesterov = false;
};

struct AdamSettings {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = true;  // AdamW; false: Adam, whose decay is a part of the gradient
};

// One step as at::_fused_sgd_ (dampening 0), at::_fused_adamw_ and at::_fused_adam_ make it, in one pass that writes
// the copies too. `lr` is a float32 scalar on the parameters' device; the gradients are multiplied by `scale`, such a
// scalar as well, where it is defined. Nothing waits for a GPU. Entries without a kernel go through the reference.
void sgd_step(const std::vector<SgdEntry>& entries, const SgdSettings& settings, const at::Tensor& lr,
              const at::Tensor& scale = {});
void adam_step(const std::vector<AdamEntry>& entries, const AdamSettings& settings, const at::Tensor& lr,
               const at::Tensor& scale = {});

// The same of LibTorch's operators, of any floating-point type.
void sgd_step_reference(const std::vector<SgdEntry>& entries, const SgdSettings& settings, const at::Tensor& lr,
                        const at::Tensor& scale = {});
void adam_step_reference(const std::vector<AdamEntry>& entries, const AdamSettings& settings, const at::Tensor& lr,
                         const at::Tensor& scale = {});

}  // namespace retort::kernels
