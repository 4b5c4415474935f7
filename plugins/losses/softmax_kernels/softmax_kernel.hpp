#pragma once

#include <retort/kernels/dispatch.hpp>

#include "softmax_work.hpp"

// The rows [begin, end) of the work: row_soft, row_hard and gradient. `hard` is the factor of each labelled row,
// `scratch` holds three times as many floats as there are classes, rounded up to 16.
using SoftmaxRowsKernel = void (*)(const SoftmaxWork& work, double hard, std::int64_t begin, std::int64_t end,
                                   float* scratch);

RETORT_DECLARE_KERNEL(SoftmaxRowsKernel, retort_softmax_rows)
