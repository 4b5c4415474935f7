#include <retort/kernels/device_moments.cuh>

#include "logsum_work.hpp"

namespace {

constexpr int kThreads = 256;
constexpr int kMostBlocks = 1024;  // of the sum of powers: one partial sum each

__device__ inline float lower_power(float magnitude, float alpha) {
  if (alpha == 4) return magnitude * magnitude * magnitude;
  if (alpha == 2) return magnitude;
  return powf(magnitude, alpha - 1);
}

struct Pair {
  float student, teacher;
};

// Features at `at`, normalised where the work says so.
template <class T>
__device__ inline Pair pair_at(const LogSumWork& work, std::int64_t at, std::int64_t column) {
  Pair pair{to_float(static_cast<const T*>(work.student)[at]), to_float(static_cast<const T*>(work.teacher)[at])};
  if (work.student_mean != nullptr) {
    pair.student = (pair.student - work.student_mean[column]) * work.student_inverse[column];
    pair.teacher = (pair.teacher - work.teacher_mean[column]) * work.teacher_inverse[column];
  }
  return pair;
}

__device__ inline float slope(const LogSumWork& work, const Pair& pair) {
  const float error = pair.student - pair.teacher;
  const float power = work.alpha * lower_power(fabsf(error), work.alpha);
  return error < 0 ? -power : (error == 0 ? 0.0f : power);
}

// A warp a column.
__global__ void finish_moments(const float* partial, std::int64_t rows, std::int64_t columns, std::int64_t chunks,
                               double eps, float* mean, float* inverse) {
  const std::int64_t c = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (c >= columns) return;
  const ColumnMoments moments = join_chunks(partial, rows, columns, chunks, c);
  if (threadIdx.x % 32 != 0) return;
  mean[c] = static_cast<float>(moments.mean);
  inverse[c] = static_cast<float>(1 / sqrt(moments.squares / rows + eps));
}

template <class T>
__global__ void __launch_bounds__(kThreads) partial_powers(LogSumWork work, float* partial) {
  __shared__ double shared[32];
  const std::int64_t size = work.rows * work.columns;
  double total = 0;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < size;
       i += static_cast<std::int64_t>(gridDim.x) * kThreads) {
    const Pair pair = pair_at<T>(work, i, i % work.columns);
    const float magnitude = fabsf(pair.student - pair.teacher);
    total += lower_power(magnitude, work.alpha) * magnitude;
  }
  total = block_sum(total, shared);
  if (threadIdx.x == 0) partial[blockIdx.x] = static_cast<float>(total);
}

__global__ void finish_powers(const float* partial, int blocks, std::int64_t size, bool mean, double eps, float* sum,
                              float* value) {
  __shared__ double shared[32];
  double total = 0;
  for (int i = threadIdx.x; i < blocks; i += blockDim.x) total += partial[i];
  total = block_sum(total, shared);
  if (threadIdx.x != 0) return;
  *sum = static_cast<float>(total);
  *value = static_cast<float>(log((mean ? total / size : total) + eps));
}

// Mean h and mean(h n) of each column, a block for a warp's width of them; one row of threads after the other adds up.
template <class T>
__global__ void __launch_bounds__(kThreads) column_means(LogSumWork work, float* mean, float* product) {
  __shared__ double sums[kThreads / 32][32], products[kThreads / 32][32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * 32 + lane;
  double first = 0, second = 0;
  if (column < work.columns) {
    for (std::int64_t row = warp; row < work.rows; row += kThreads / 32) {
      const Pair pair = pair_at<T>(work, row * work.columns + column, column);
      const float h = slope(work, pair);
      first += h;
      second += h * pair.student;
    }
  }
  sums[warp][lane] = first;
  products[warp][lane] = second;
  __syncthreads();
  if (warp != 0 || column >= work.columns) return;
  for (int other = 1; other < kThreads / 32; ++other) {
    first += sums[other][lane];
    second += products[other][lane];
  }
  mean[column] = static_cast<float>(first / work.rows);
  product[column] = static_cast<float>(second / work.rows);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    gradient_of(LogSumGradient out, const float* sum, bool mean, double eps, const float* value_gradient) {
  const LogSumWork& work = out.work;
  const std::int64_t size = work.rows * work.columns;
  const double r = mean ? 1.0 / size : 1.0;
  const float factor = static_cast<float>(*value_gradient * r / (r * *sum + eps));
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < size;
       i += static_cast<std::int64_t>(gridDim.x) * kThreads) {
    const std::int64_t column = i % work.columns;
    const Pair pair = pair_at<T>(work, i, column);
    float value = slope(work, pair);
    if (out.mean != nullptr) {
      value = (value - out.mean[column] - pair.student * out.product[column]) * work.student_inverse[column];
    }
    static_cast<T*>(out.gradient)[i] = rounded<T>(value * factor);
  }
}

// Mean and inverse deviation of each column of x.
template <class T>
void normalise(cudaStream_t stream, const T* x, const LogSumWork& work, std::int64_t chunks, double eps, float* partial,
               float* mean, float* inverse) {
  partial_moments<T, 1>
      <<<column_grid(work.columns, 1, chunks), kColumnThreads, 0, stream>>>(x, work.rows, work.columns, partial);
  finish_moments<<<blocks_for(work.columns * 32, kThreads, INT32_MAX), kThreads, 0, stream>>>(
      partial, work.rows, work.columns, chunks, eps, mean, inverse);
}

template <class T>
void forward(cudaStream_t stream, const LogSumWork& work, double normalization_eps, bool mean, double eps,
             std::int64_t chunks, float* statistics, float* partial, float* sum, float* value) {
  if (statistics != nullptr) {
    normalise(stream, static_cast<const T*>(work.student), work, chunks, normalization_eps, partial, statistics,
              statistics + work.columns);
    normalise(stream, static_cast<const T*>(work.teacher), work, chunks, normalization_eps, partial,
              statistics + 2 * work.columns, statistics + 3 * work.columns);
  }
  const std::int64_t size = work.rows * work.columns;
  const unsigned blocks = blocks_for(size, 4 * kThreads, kMostBlocks);
  partial_powers<T><<<blocks, kThreads, 0, stream>>>(work, partial);
  finish_powers<<<1, kThreads, 0, stream>>>(partial, static_cast<int>(blocks), size, mean, eps, sum, value);
}

template <class T>
void backward(cudaStream_t stream, const LogSumGradient& in, const float* sum, bool mean, double eps,
              const float* value_gradient, float* scratch) {
  LogSumGradient out = in;
  if (out.work.student_mean != nullptr) {
    column_means<T><<<blocks_for(out.work.columns, 32, INT32_MAX), kThreads, 0, stream>>>(out.work, scratch,
                                                                                          scratch + out.work.columns);
    out.mean = scratch;
    out.product = scratch + out.work.columns;
  }
  const unsigned blocks = blocks_for(out.work.rows * out.work.columns, 2 * kThreads, 4096);
  gradient_of<T><<<blocks, kThreads, 0, stream>>>(out, sum, mean, eps, value_gradient);
}

}  // namespace

RETORT_LAUNCH retort_logsum_forward(void* stream, const LogSumWork* work, double normalization_eps, bool mean,
                                    double eps, std::int64_t chunks, float* statistics, float* partial, float* sum,
                                    float* value) {
  (work->bfloat16 ? forward<BFloat16> : forward<float>)(static_cast<cudaStream_t>(stream), *work, normalization_eps,
                                                        mean, eps, chunks, statistics, partial, sum, value);
  return launch_problem();
}

RETORT_LAUNCH retort_logsum_backward(void* stream, const LogSumGradient* out, const float* sum, bool mean, double eps,
                                     const float* value_gradient, float* scratch) {
  (out->work.bfloat16 ? backward<BFloat16> : backward<float>)(static_cast<cudaStream_t>(stream), *out, sum, mean, eps,
                                                              value_gradient, scratch);
  return launch_problem();
}
