#pragma once

#include <ATen/core/Tensor.h>

namespace retort::engine {

// What a matrix does to the directions of its input.
struct Spectrum {
  double largest = 0.0;         // singular values
  double smallest = 0.0;        // of the min(rows, columns) that there are
  double effective_rank = 0.0;  // exp of the entropy of the singular values divided by their sum; 0 for a zero matrix
};

// Of a weight [out, in] or [out, in, height, width], the latter taken as [out, in * height * width]; in double
// precision. NaN when a weight is not finite. Waits for the device.
// The effective rank is that of Roy and Vetterli 2007, The Effective Rank: A Measure of Effective Dimensionality.
Spectrum spectrum(const at::Tensor& weight);

}  // namespace retort::engine
