#pragma once

#include <cstdint>

#include <retort/kernels/cuda.hpp>

#include "batch_norm_work.hpp"

// The CUDA kernels of batch_norm.cu.
namespace retort::kernels::cuda {

using ScaleAndShiftLaunch = CudaKernel<const char*(void*, const ScaleAndShift*)>;
using BatchNormForwardLaunch = CudaKernel<const char*(void*, const BatchNormForward*)>;
using BatchNormBackwardLaunch = CudaKernel<const char*(void*, const BatchNormBackward*)>;

const ScaleAndShiftLaunch& scale_and_shift();
const BatchNormForwardLaunch& batch_norm_forward();
const BatchNormBackwardLaunch& batch_norm_backward();

}  // namespace retort::kernels::cuda
