#include "batch_norm_cuda.hpp"

namespace retort::kernels::cuda {

const ScaleAndShiftLaunch& scale_and_shift() {
  static const ScaleAndShiftLaunch launch(RETORT_CUDA_KERNELS, "retort_scale_and_shift");
  return launch;
}

const BatchNormForwardLaunch& batch_norm_forward() {
  static const BatchNormForwardLaunch launch(RETORT_CUDA_KERNELS, "retort_batch_norm_forward");
  return launch;
}

const BatchNormBackwardLaunch& batch_norm_backward() {
  static const BatchNormBackwardLaunch launch(RETORT_CUDA_KERNELS, "retort_batch_norm_backward");
  return launch;
}

}  // namespace retort::kernels::cuda
