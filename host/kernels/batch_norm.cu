#include <retort/kernels/device_moments.cuh>

#include "batch_norm_work.hpp"

namespace {

using retort::kernels::BatchNormBackward;
using retort::kernels::BatchNormForward;
using retort::kernels::ScaleAndShift;

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 4096;

// A warp a channel.
__global__ void finish_forward(BatchNormForward a) {
  const std::int64_t c = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (c >= a.channels) return;
  const ColumnMoments moments = join_chunks(a.partial, a.rows, a.channels, a.chunks, c);
  if (threadIdx.x % 32 != 0) return;
  const double inverse = 1 / sqrt(moments.squares / a.rows + a.eps);
  const float mean = static_cast<float>(moments.mean);
  a.mean[c] = mean;
  a.inverse[c] = static_cast<float>(inverse);
  a.rounding[c] = static_cast<float>(moments.mean - mean);
  a.scale[c] = static_cast<float>(a.weight[c] * inverse);
  a.shift[c] = static_cast<float>(a.bias[c] - (moments.mean - mean) * a.weight[c] * inverse);
  if (a.running_mean != nullptr) {
    a.running_mean[c] = static_cast<float>(a.running_mean[c] + a.momentum * (moments.mean - a.running_mean[c]));
  }
  if (a.running_var != nullptr) {
    const double variance = moments.squares / (a.rows - 1);
    a.running_var[c] = static_cast<float>(a.running_var[c] + a.momentum * (variance - a.running_var[c]));
  }
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads) scale_and_shift(ScaleAndShift a, std::int64_t packs) {
  const T* x = static_cast<const T*>(a.x);
  const T* residual = static_cast<const T*>(a.residual);
  T* y = static_cast<T*>(a.y);
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < packs;
       i += static_cast<std::int64_t>(gridDim.x) * kThreads) {
    const std::int64_t c = i % (a.channels / V) * V;
    float value[V], added[V] = {};
    load<V>(x + i * V, value);
    if (residual != nullptr) load<V>(residual + i * V, added);
#pragma unroll
    for (int v = 0; v < V; ++v) {
      value[v] = (value[v] - a.centre[c + v]) * a.scale[c + v] + a.shift[c + v] + added[v];
      if (a.relu && value[v] < 0) value[v] = 0;
    }
    store<V>(y + i * V, value);
  }
}

template <class T, int V>
__global__ void __launch_bounds__(kColumnThreads) partial_gradients(BatchNormBackward a) {
  const T *dy = static_cast<const T*>(a.dy), *y = static_cast<const T*>(a.y), *x = static_cast<const T*>(a.x);
  T* g = static_cast<T*>(a.g);
  sum_columns<V>(
      a.rows, a.channels,
      [&](std::int64_t, std::int64_t row, std::int64_t column, float(&first)[V], float(&second)[V]) {
        const std::int64_t at = row * a.channels + column;
        float gradient[V], output[V], input[V];
        load<V>(dy + at, gradient);
        load<V>(x + at, input);
        if (a.relu) {
          load<V>(y + at, output);
#pragma unroll
          for (int v = 0; v < V; ++v) {
            if (output[v] <= 0) gradient[v] = 0;
          }
        }
        if (g != nullptr) store<V>(g + at, gradient);
#pragma unroll
        for (int v = 0; v < V; ++v) {
          first[v] += gradient[v];
          second[v] += gradient[v] * (input[v] - a.mean[column + v]);
        }
      },
      [&](std::int64_t, std::int64_t, std::int64_t column, float(&first)[V], float(&second)[V]) {
        float* sum = a.partial + 2 * a.channels * blockIdx.y + column;
        for (int v = 0; v < V; ++v) {
          sum[v] = first[v];
          sum[a.channels + v] = second[v];
        }
      });
}

__global__ void finish_backward(BatchNormBackward a) {
  const std::int64_t c = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (c >= a.channels) return;
  const double2 sums = add_chunks(a.partial, a.channels, a.chunks, c);
  if (threadIdx.x % 32 != 0) return;
  const double inverse = a.inverse[c], factor = a.weight[c] * inverse, product = sums.y - a.rounding[c] * sums.x;
  const double slope = factor * inverse * inverse * product / a.rows;
  a.weight_gradient[c] = static_cast<float>(product * inverse);
  a.bias_gradient[c] = static_cast<float>(sums.x);
  a.scale[c] = static_cast<float>(factor);
  a.slope[c] = static_cast<float>(slope);
  a.offset[c] = static_cast<float>(factor * sums.x / a.rows - slope * a.rounding[c]);
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads) input_gradient(BatchNormBackward a, std::int64_t packs) {
  // Where g was written, the mask is in it.
  const bool mask = a.relu && a.g == nullptr;
  const T* dy = static_cast<const T*>(a.g != nullptr ? a.g : a.dy);
  const T *y = static_cast<const T*>(a.y), *x = static_cast<const T*>(a.x);
  T* dx = static_cast<T*>(a.dx);
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < packs;
       i += static_cast<std::int64_t>(gridDim.x) * kThreads) {
    const std::int64_t c = i % (a.channels / V) * V;
    float gradient[V], input[V], output[V];
    load<V>(dy + i * V, gradient);
    load<V>(x + i * V, input);
    if (mask) load<V>(y + i * V, output);
#pragma unroll
    for (int v = 0; v < V; ++v) {
      if (mask && output[v] <= 0) gradient[v] = 0;
      gradient[v] = gradient[v] * a.scale[c + v] - (input[v] - a.mean[c + v]) * a.slope[c + v] - a.offset[c + v];
    }
    store<V>(dx + i * V, gradient);
  }
}

template <class T, int V>
void launch_scale_and_shift(cudaStream_t stream, const ScaleAndShift& a, std::int64_t rows) {
  const std::int64_t packs = rows * a.channels / V;
  scale_and_shift<T, V><<<blocks_for(packs, kThreads, kMostBlocks), kThreads, 0, stream>>>(a, packs);
}

template <class T, int V>
void launch_forward(cudaStream_t stream, const BatchNormForward& a) {
  partial_moments<T, V><<<column_grid(a.channels, V, a.chunks), kColumnThreads, 0, stream>>>(
      static_cast<const T*>(a.x), a.rows, a.channels, a.partial);
  finish_forward<<<blocks_for(a.channels * 32, kThreads, INT32_MAX), kThreads, 0, stream>>>(a);
  launch_scale_and_shift<T, V>(
      stream, {a.bfloat16, a.relu, a.x, a.residual, a.mean, a.scale, a.shift, a.channels, 0, a.rows, a.y}, a.rows);
}

template <class T, int V>
void launch_backward(cudaStream_t stream, const BatchNormBackward& a) {
  partial_gradients<T, V><<<column_grid(a.channels, V, a.chunks), kColumnThreads, 0, stream>>>(a);
  finish_backward<<<blocks_for(a.channels * 32, kThreads, INT32_MAX), kThreads, 0, stream>>>(a);
  if (a.dx == nullptr) return;
  const std::int64_t packs = a.rows * a.channels / V;
  input_gradient<T, V><<<blocks_for(packs, kThreads, kMostBlocks), kThreads, 0, stream>>>(a, packs);
}

// Whether every map may be read 16 bytes at a time.
template <class T>
bool packed(std::int64_t channels, const void* a, const void* b, const void* c, const void* d) {
  return channels % kPack<T> == 0 && aligned(a) && aligned(b) && aligned(c) && aligned(d);
}

template <class T>
void forward(cudaStream_t stream, const BatchNormForward& a) {
  packed<T>(a.channels, a.x, a.residual, a.y, nullptr) ? launch_forward<T, kPack<T>>(stream, a)
                                                       : launch_forward<T, 1>(stream, a);
}

template <class T>
void backward(cudaStream_t stream, const BatchNormBackward& a) {
  packed<T>(a.channels, a.x, a.dy, a.dx, a.g) && aligned(a.y) ? launch_backward<T, kPack<T>>(stream, a)
                                                              : launch_backward<T, 1>(stream, a);
}

template <class T>
void affine(cudaStream_t stream, const ScaleAndShift& a) {
  packed<T>(a.channels, a.x, a.residual, a.y, nullptr) ? launch_scale_and_shift<T, kPack<T>>(stream, a, a.end)
                                                       : launch_scale_and_shift<T, 1>(stream, a, a.end);
}

}  // namespace

RETORT_LAUNCH retort_scale_and_shift(void* stream, const ScaleAndShift* a) {
  (a->bfloat16 ? affine<BFloat16> : affine<float>)(static_cast<cudaStream_t>(stream), *a);
  return launch_problem();
}

RETORT_LAUNCH retort_batch_norm_forward(void* stream, const BatchNormForward* a) {
  (a->bfloat16 ? forward<BFloat16> : forward<float>)(static_cast<cudaStream_t>(stream), *a);
  return launch_problem();
}

RETORT_LAUNCH retort_batch_norm_backward(void* stream, const BatchNormBackward* a) {
  (a->bfloat16 ? backward<BFloat16> : backward<float>)(static_cast<cudaStream_t>(stream), *a);
  return launch_problem();
}
