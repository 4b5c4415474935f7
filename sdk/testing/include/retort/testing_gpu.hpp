#pragma once

#include <filesystem>

#include <dlfcn.h>

#include <torch/cuda.h>

namespace retort::testing {

// Whether there is a GPU that LibTorch can use; loads LibTorch's CUDA libraries where there is a driver. Tests that
// need one begin with `if (!gpu_present()) GTEST_SKIP() << "no GPU";`.
inline bool gpu_present() {
  static const bool present = std::filesystem::exists("/dev/nvidiactl") &&
                              dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr &&
                              torch::cuda::is_available();
  return present;
}

}  // namespace retort::testing
