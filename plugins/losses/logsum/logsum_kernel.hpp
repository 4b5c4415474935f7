#pragma once

#include <retort/kernels/dispatch.hpp>

#include "logsum_work.hpp"

// Over the rows [begin, end): moments of the columns (see column_moments); the sum of |e|^alpha; for each column the
// sums of h and of h n; the gradient.
using LogSumMomentsKernel = void (*)(bool bfloat16, const void* x, std::int64_t begin, std::int64_t end,
                                     std::int64_t columns, double* mean, double* squares);
using LogSumPowersKernel = double (*)(const LogSumWork& work, std::int64_t begin, std::int64_t end);
using LogSumColumnsKernel = void (*)(const LogSumWork& work, std::int64_t begin, std::int64_t end, double* sum,
                                     double* product);
using LogSumGradientKernel = void (*)(const LogSumGradient& work, float factor, std::int64_t begin, std::int64_t end);

RETORT_DECLARE_KERNEL(LogSumMomentsKernel, retort_logsum_moments)
RETORT_DECLARE_KERNEL(LogSumPowersKernel, retort_logsum_powers)
RETORT_DECLARE_KERNEL(LogSumColumnsKernel, retort_logsum_columns)
RETORT_DECLARE_KERNEL(LogSumGradientKernel, retort_logsum_gradient)
