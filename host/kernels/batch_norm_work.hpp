#pragma once

#include <cstdint>

// What the loops of batch_norm_act and affine_act work on: matrices [rows, channels], that is feature maps in
// channels-last order, a row for every position. x, y, residual and their gradients are of one type, float or bfloat16.
// Read by nvcc too.
namespace retort::kernels {

struct Moments {
  bool bfloat16;
  const void* x;
  std::int64_t channels, begin, end;
  double *mean, *squares;  // [channels] of the rows: mean, and sum of squared deviations from it
};

// y = act((x - centre) scale + shift + residual)
struct ScaleAndShift {
  bool bfloat16, relu;
  const void *x, *residual;  // residual: null without
  const float *centre, *scale, *shift;
  std::int64_t channels, begin, end;
  void* y;
};

// g = dy, where relu: only where y > 0
struct BatchNormSums {
  bool bfloat16, relu;
  const void *dy, *y, *x;
  const float* mean;
  std::int64_t channels, begin, end;
  double *sum, *product;  // [channels]: of g, and of g (x - mean)
  void* g;                // null: not written
};

// dx = scale g - slope (x - mean) - offset
struct BatchNormInputGradient {
  bool bfloat16, relu;
  const void *dy, *y, *x;
  const float *mean, *scale, *slope, *offset;
  std::int64_t channels, begin, end;
  void* dx;
};

// On a GPU a pass has `chunks` groups of rows, whose sums lie in `partial` before they are joined in their order.
struct BatchNormForward {
  bool bfloat16, relu;
  const void *x, *residual;
  const float *weight, *bias;
  float *running_mean, *running_var;  // null without
  double momentum, eps;
  std::int64_t channels, rows, chunks;
  float* partial;  // [chunks, 2, channels]
  // [channels]; inverse: 1 / sqrt(variance + eps); rounding: what the mean lost as a float
  float *mean, *inverse, *rounding, *scale, *shift;
  void* y;
};

struct BatchNormBackward {
  bool bfloat16, relu;
  const void *dy, *y, *x;
  const float *weight, *mean, *inverse, *rounding;
  std::int64_t channels, rows, chunks;
  float* partial;                          // [chunks, 2, channels]
  float *scale, *slope, *offset;           // [channels]
  float *weight_gradient, *bias_gradient;  // [channels]
  void *g, *dx;                            // g: null when it is not asked for
};

}  // namespace retort::kernels
