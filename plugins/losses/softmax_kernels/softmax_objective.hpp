#pragma once

#include <torch/types.h>

// The divergence of softened probabilities and the cross-entropy with labels, of the same logits, in one pass over
// them:
//   soft * sum_n KL(softmax(t_n / T) || softmax(s_n / T)) + hard * mean_n CE(s_n, label_n)
// where the mean is over the rows whose label is not retort::kWithheldLabel, and 0 without any. Shared by
// kl_divergence, cross_entropy and hinton_kd, which keep the same formulas in LibTorch's operators for what it does not
// cover.
struct SoftmaxObjective {
  torch::Tensor student;      // [N, ..., K], float32 or bfloat16
  torch::Tensor teacher;      // of the same shape, float32 or bfloat16, without gradient; undefined: no soft part
  torch::Tensor labels;       // [N] int64 for [N, K] logits; undefined: no hard part
  double temperature = 1;     // in (0, inf)
  double soft = 1, hard = 1;  // factors; a soft factor includes T^2 and 1 / N where they are wanted
  double label_smoothing = 0;
};

struct SoftmaxValues {
  torch::Tensor objective;   // float32 scalar, differentiable once with respect to student
  torch::Tensor soft, hard;  // its parts: float32 scalars without gradient
};

// Whether there is a kernel for tensors of these types and shapes on their device.
bool covered(const SoftmaxObjective& objective);

// The value, and in the same pass the gradient, which the backward pass multiplies by its own. Does not wait for the
// device. On the CPU it throws retort::Error for a label that is not a class; on a GPU the value is then NaN.
SoftmaxValues evaluate(const SoftmaxObjective& objective);
