#pragma once

#include <retort/kernels/dispatch.hpp>

#include "optimizer_work.hpp"

// The loops for CPUs, over the elements [begin, end) of one tensor.
namespace retort::kernels {

using SgdKernel = void (*)(const SgdTensor&, const SgdFactors&, std::int64_t begin, std::int64_t end);
using AdamKernel = void (*)(const AdamTensor&, const AdamFactors&, std::int64_t begin, std::int64_t end);

}  // namespace retort::kernels

RETORT_DECLARE_KERNEL(retort::kernels::SgdKernel, retort_sgd)
RETORT_DECLARE_KERNEL(retort::kernels::AdamKernel, retort_adam)
