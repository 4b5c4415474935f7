#include <retort/kernels/device.cuh>

#include "optimizer_work.hpp"

namespace {

using retort::kernels::AdamFactors;
using retort::kernels::AdamTensor;
using retort::kernels::SgdFactors;
using retort::kernels::SgdTensor;

constexpr int kThreads = 256;
constexpr int kElements = 2048;  // of a block
constexpr int kTensors = 48;     // of a launch: they travel in its parameters, of which there are 4 KB

template <class Tensor>
struct Batch {
  Tensor tensor[kTensors];
  std::int64_t first_block[kTensors + 1];
  int count;
};

__device__ inline float gradient_at(const void* gradient, bool bfloat16, std::int64_t i) {
  return bfloat16 ? to_float(static_cast<const BFloat16*>(gradient)[i]) : static_cast<const float*>(gradient)[i];
}

__device__ inline void write_copy(std::uint16_t* copy, std::int64_t i, float value) {
  if (copy != nullptr) reinterpret_cast<BFloat16*>(copy)[i] = __float2bfloat16_rn(value);
}

// The factors live on the device, so that a recorded step follows the schedule.
__device__ inline void update(const SgdTensor& t, const SgdFactors& f, std::int64_t i) {
  const float lr = *f.lr, scale = f.scale != nullptr ? *f.scale : 1.0f;
  const float gradient = gradient_at(t.gradient, t.gradient_bfloat16, i) * scale + t.master[i] * f.weight_decay;
  const float momentum = t.momentum[i] * f.momentum + gradient;
  const float result = t.master[i] - (f.nesterov ? gradient + momentum * f.momentum : momentum) * lr;
  t.momentum[i] = momentum;
  t.master[i] = result;
  write_copy(t.copy, i, result);
}

struct AdamStep {
  float decay, keep, step, correction;
};

__device__ inline AdamStep adam_step_of(const AdamTensor& t, const AdamFactors& f) {
  const double lr = *f.lr, steps = *t.steps;
  return {f.decoupled ? 0.0f : static_cast<float>(f.weight_decay),
          f.decoupled ? static_cast<float>(1 - lr * f.weight_decay) : 1.0f,
          static_cast<float>(lr / (1 - pow(f.beta1, steps))), static_cast<float>(1 / sqrt(1 - pow(f.beta2, steps)))};
}

__device__ inline void update(const AdamTensor& t, const AdamFactors& f, const AdamStep& s, std::int64_t i) {
  const float scale = f.scale != nullptr ? *f.scale : 1.0f;
  const float gradient = gradient_at(t.gradient, t.gradient_bfloat16, i) * scale + t.master[i] * s.decay;
  const float mean = t.mean[i] + (gradient - t.mean[i]) * static_cast<float>(1 - f.beta1);
  const float square =
      t.square[i] * static_cast<float>(f.beta2) + gradient * gradient * static_cast<float>(1 - f.beta2);
  const float result =
      t.master[i] * s.keep - mean * s.step / (sqrtf(square) * s.correction + static_cast<float>(f.eps));
  t.mean[i] = mean;
  t.square[i] = square;
  t.master[i] = result;
  write_copy(t.copy, i, result);
}

// Which tensor a block works on, and from which element.
template <class Tensor>
__device__ inline int tensor_of_block(const Batch<Tensor>& batch, std::int64_t* begin) {
  int t = 0;
  while (t + 1 < batch.count && batch.first_block[t + 1] <= blockIdx.x) ++t;
  *begin = (blockIdx.x - batch.first_block[t]) * kElements;
  return t;
}

__global__ void __launch_bounds__(kThreads) sgd(const __grid_constant__ Batch<SgdTensor> batch, SgdFactors factors) {
  std::int64_t begin;
  const SgdTensor& tensor = batch.tensor[tensor_of_block(batch, &begin)];
  for (std::int64_t i = begin + threadIdx.x; i < begin + kElements && i < tensor.size; i += kThreads) {
    update(tensor, factors, i);
  }
}

__global__ void __launch_bounds__(kThreads) adam(const __grid_constant__ Batch<AdamTensor> batch, AdamFactors factors) {
  __shared__ AdamStep step;
  std::int64_t begin;
  const AdamTensor& tensor = batch.tensor[tensor_of_block(batch, &begin)];
  if (threadIdx.x == 0) step = adam_step_of(tensor, factors);
  __syncthreads();
  for (std::int64_t i = begin + threadIdx.x; i < begin + kElements && i < tensor.size; i += kThreads) {
    update(tensor, factors, step, i);
  }
}

template <class Tensor, class Launch>
const char* in_batches(const Tensor* tensors, std::int64_t count, const Launch& launch) {
  static_assert(sizeof(Batch<Tensor>) <= 3968, "launch parameters end at 4 KB");
  for (std::int64_t first = 0; first < count; first += kTensors) {
    Batch<Tensor> batch{};
    batch.count = static_cast<int>(count - first < kTensors ? count - first : kTensors);
    for (int t = 0; t < batch.count; ++t) {
      batch.tensor[t] = tensors[first + t];
      batch.first_block[t + 1] = batch.first_block[t] + (tensors[first + t].size + kElements - 1) / kElements;
    }
    const std::int64_t blocks = batch.first_block[batch.count];
    if (blocks > 0) launch(batch, static_cast<unsigned>(blocks));
  }
  return launch_problem();
}

}  // namespace

RETORT_LAUNCH retort_sgd_step(void* stream, const SgdTensor* tensors, std::int64_t count, const SgdFactors* factors) {
  return in_batches(tensors, count, [&](const Batch<SgdTensor>& batch, unsigned blocks) {
    sgd<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(batch, *factors);
  });
}

RETORT_LAUNCH retort_adam_step(void* stream, const AdamTensor* tensors, std::int64_t count,
                               const AdamFactors* factors) {
  return in_batches(tensors, count, [&](const Batch<AdamTensor>& batch, unsigned blocks) {
    adam<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(batch, *factors);
  });
}
