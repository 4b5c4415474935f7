#pragma once

#include <optional>

#include <torch/types.h>

// log( reduce |e|^alpha + eps ) of differences e between features [N, ...], in one pass over them and one backward, for
// float32 and bfloat16; LibTorch's operators in logsum.cpp are the reference.
struct LogSumDifference {
  torch::Tensor student, teacher;  // of one shape; the teacher without gradient
  double alpha = 4, eps = 0;
  bool mean = false;
  // Set: both sides are normalised first, per channel (dimension 1) over all else, by the statistics of the batch with
  // this eps. The gradient goes through the student's normalization. Shapes [N, C] or [N, C, H, W].
  std::optional<double> normalization_eps;
};

bool covered(const LogSumDifference& difference);

// A float32 scalar, differentiable once with respect to student. Does not wait for the device.
torch::Tensor evaluate(const LogSumDifference& difference);
