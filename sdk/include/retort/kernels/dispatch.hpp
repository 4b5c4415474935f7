#pragma once

// Kernels of which LibTorch chooses the one for the processor at run time (ATEN_CPU_CAPABILITY = default, avx2 or
// avx512 lowers the choice); the CMake function retort_add_kernels compiles them. All macros are used outside of
// namespaces:
//
//   row_sum.hpp          using RowSum = void (*)(const float* x, std::int64_t rows, std::int64_t columns, float* sums);
//                        RETORT_DECLARE_KERNEL(RowSum, row_sum_kernel)
//   row_sum.cpp          RETORT_DEFINE_KERNEL(row_sum_kernel)
//                        ... at::native::row_sum_kernel(c10::kCPU, x, rows, columns, sums);
//   row_sum_kernel.cpp   namespace { void row_sum(...) {...} }
//   (kernel source)      RETORT_REGISTER_KERNEL(row_sum_kernel, &row_sum)

// What the choice is between must be the same in every source file, and is so in LibTorch itself.
#if defined(__x86_64__)
#ifndef HAVE_AVX2_CPU_DEFINITION
#define HAVE_AVX2_CPU_DEFINITION
#endif
#ifndef HAVE_AVX512_CPU_DEFINITION
#define HAVE_AVX512_CPU_DEFINITION
#endif
#endif
#include <ATen/native/DispatchStub.h>

#define RETORT_DECLARE_KERNEL(function, name) \
  namespace at::native {                      \
  DECLARE_DISPATCH(function, name)            \
  }

#define RETORT_DEFINE_KERNEL(name) \
  namespace at::native {           \
  DEFINE_DISPATCH(name);           \
  }

#define RETORT_REGISTER_KERNEL(name, function)   \
  namespace at::native {                         \
  ALSO_REGISTER_AVX512_DISPATCH(name, function); \
  }
