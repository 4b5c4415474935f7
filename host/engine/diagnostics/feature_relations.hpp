#pragma once

#include <ATen/core/Tensor.h>

namespace retort::engine {

// Features as observations of their channels, in double precision: [N, C] as they are, tokens [N, T, C] and maps
// [N, C, H, W] with one row for each token or position. Of very many rows, evenly spaced ones.
at::Tensor observations(const at::Tensor& features);

// Each column of [rows, C] with zero mean and unit variance; a column that does not vary becomes 0.
at::Tensor standardized(const at::Tensor& observations);

// Mean absolute correlation of two different columns of standardised observations, over those that vary; NaN when
// fewer than two do.
double mean_correlation(const at::Tensor& standardized);

// The relational terms of a linear projector's training, Miles and Mikolajczyk 2024, Understanding the Role of the
// Projector in Knowledge Distillation: its gradient flow is C_st - C_s W.
struct Relations {
  double self = 0.0;      // |C_s|, Frobenius norm as the others
  double cross = 0.0;     // |C_st|
  double residual = 0.0;  // |C_st - C_s W|
};

// C_s = Z_s^T Z_s / rows and C_st = Z_s^T Z_t / rows from standardised observations of what goes into the projector
// [rows, in], comes out of it and should be reached [rows, out]. W is the projector's map between standardised
// features, for which C_s W = Z_s^T P / rows with P what comes out.
Relations relations(const at::Tensor& input, const at::Tensor& output, const at::Tensor& target);

}  // namespace retort::engine
