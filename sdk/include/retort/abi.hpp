#pragma once

#include <torch/headeronly/version.h>

#include <retort/build_stamp.hpp>
#include <retort/version.hpp>

// What must be equal between the host and a plugin, because C++ objects and LibTorch's tensors cross between them.
// The literal lies in an ELF section of its own, so that the host reads it before it loads any code.
// The generated retort/build_stamp.hpp adds the hash of sdk/include and LibTorch's CUDA version.

#if defined(_GLIBCXX_DEBUG)
#define RETORT_ABI_DEBUG "containers"
#elif defined(_GLIBCXX_ASSERTIONS)
#define RETORT_ABI_DEBUG "assertions"
#else
#define RETORT_ABI_DEBUG "none"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define RETORT_ABI_ASAN "1"
#else
#define RETORT_ABI_ASAN "0"
#endif

#if defined(__x86_64__)
#define RETORT_ABI_ARCH "x86_64"
#elif defined(__aarch64__)
#define RETORT_ABI_ARCH "aarch64"
#else
#define RETORT_ABI_ARCH "other"
#endif

#if defined(__clang__)
#define RETORT_ABI_COMPILER "clang-" RETORT_STRINGIFY(__clang_major__)
#else
#define RETORT_ABI_COMPILER "gcc-" RETORT_STRINGIFY(__GNUC__)
#endif

#define RETORT_ABI_STAMP \
  "sdk=" RETORT_VERSION_STRING ";headers=" RETORT_SDK_HEADERS ";torch=" RETORT_STRINGIFY(TORCH_VERSION_MAJOR) "." \
  RETORT_STRINGIFY(TORCH_VERSION_MINOR) "." RETORT_STRINGIFY(TORCH_VERSION_PATCH) ";cxx11abi="                  \
  RETORT_STRINGIFY(_GLIBCXX_USE_CXX11_ABI) ";stdlib=" RETORT_STRINGIFY(_GLIBCXX_RELEASE) ";compiler="            \
  RETORT_ABI_COMPILER ";std=" RETORT_STRINGIFY(__cplusplus) ";cuda=" RETORT_TORCH_CUDA                          \
  ";debug=" RETORT_ABI_DEBUG ";asan=" RETORT_ABI_ASAN ";arch=" RETORT_ABI_ARCH
