#pragma once

#include <cstdint>

// What the optimizer kernels work on; read by nvcc too.
namespace retort::kernels {

struct SgdTensor {
  float *master, *momentum;
  const void* gradient;
  std::uint16_t* copy;  // bfloat16; null: none
  std::int64_t size;
  bool gradient_bfloat16;
};

struct SgdFactors {
  const float *lr, *scale;  // scale: null without
  float momentum, weight_decay;
  bool nesterov;
};

struct AdamTensor {
  float *master, *mean, *square;
  const float* steps;
  const void* gradient;
  std::uint16_t* copy;  // bfloat16; null: none
  std::int64_t size;
  bool gradient_bfloat16;
};

struct AdamFactors {
  const float *lr, *scale;  // scale: null without
  double beta1, beta2, eps, weight_decay;
  bool decoupled;
};

}  // namespace retort::kernels
