#pragma once

#include <retort/kernels/dispatch.hpp>

// Functions of retort/kernels/vector.hpp on `size` floats, as kernels call them.
struct VectorFunctions {
  void (*exp)(const float* x, std::int64_t size, float* out);
  void (*exp2_of_negative)(const float* x, std::int64_t size, float* out);
  void (*log)(const float* x, std::int64_t size, float* out);
  void (*through_bfloat16)(const float* x, std::int64_t size, std::uint16_t* out);
  float (*sum)(const float* x, std::int64_t size);
  float (*max)(const float* x, std::int64_t size);
};

using VectorFunctionsKernel = VectorFunctions (*)();
RETORT_DECLARE_KERNEL(VectorFunctionsKernel, retort_vector_functions)
