#pragma once

#include <retort/kernels/dispatch.hpp>

#include "batch_norm_work.hpp"

// The loops for CPUs, over the rows [begin, end).
namespace retort::kernels {

using MomentsKernel = void (*)(const Moments&);
using ScaleAndShiftKernel = void (*)(const ScaleAndShift&);
using BatchNormSumsKernel = void (*)(const BatchNormSums&);
using BatchNormInputGradientKernel = void (*)(const BatchNormInputGradient&);

}  // namespace retort::kernels

RETORT_DECLARE_KERNEL(retort::kernels::MomentsKernel, retort_moments)
RETORT_DECLARE_KERNEL(retort::kernels::ScaleAndShiftKernel, retort_scale_and_shift)
RETORT_DECLARE_KERNEL(retort::kernels::BatchNormSumsKernel, retort_batch_norm_sums)
RETORT_DECLARE_KERNEL(retort::kernels::BatchNormInputGradientKernel, retort_batch_norm_input_gradient)
