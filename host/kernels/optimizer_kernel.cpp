#include "optimizer_kernel.hpp"

#include <retort/kernels/vector.hpp>

namespace {

using retort::kernels::AdamFactors;
using retort::kernels::AdamTensor;
using retort::kernels::SgdFactors;
using retort::kernels::SgdTensor;

RETORT_INLINE BFloat16* copy_at(std::uint16_t* copy, std::int64_t i) {
  return reinterpret_cast<BFloat16*>(copy) + i;
}

template <class G>
void sgd_of(const SgdTensor& tensor, const SgdFactors& factors, std::int64_t begin, std::int64_t end) {
  const auto* gradients = static_cast<const G*>(tensor.gradient);
  const float lr = *factors.lr, scale = factors.scale != nullptr ? *factors.scale : 1.0f;
  for_each_vector(end - begin, [&](std::int64_t offset, int count) RETORT_BODY {
    const auto i = begin + offset;
    const Vec master = load(tensor.master + i, count);
    const Vec gradient = load(gradients + i, count) * scale + master * factors.weight_decay;
    const Vec momentum = load(tensor.momentum + i, count) * factors.momentum + gradient;
    const Vec direction = factors.nesterov ? gradient + momentum * factors.momentum : momentum;
    const Vec result = master - direction * lr;
    store(tensor.momentum + i, momentum, count);
    store(tensor.master + i, result, count);
    if (tensor.copy != nullptr) store(copy_at(tensor.copy, i), result, count);
  });
}

void sgd(const SgdTensor& tensor, const SgdFactors& factors, std::int64_t begin, std::int64_t end) {
  (tensor.gradient_bfloat16 ? sgd_of<BFloat16> : sgd_of<float>)(tensor, factors, begin, end);
}

RETORT_INLINE Vec sqrt(Vec value) {
  float all[kLanes];
  store(all, value);
  for (int i = 0; i < kLanes; ++i) all[i] = __builtin_sqrtf(all[i]);
  return load(all);
}

template <class G>
void adam_of(const AdamTensor& tensor, const AdamFactors& factors, std::int64_t begin, std::int64_t end) {
  const auto* gradients = static_cast<const G*>(tensor.gradient);
  const double lr = *factors.lr, steps = *tensor.steps;
  const float scale = factors.scale != nullptr ? *factors.scale : 1.0f;
  const float beta2 = static_cast<float>(factors.beta2), rest1 = static_cast<float>(1 - factors.beta1),
              rest2 = static_cast<float>(1 - factors.beta2), eps = static_cast<float>(factors.eps),
              decay = factors.decoupled ? 0.0f : static_cast<float>(factors.weight_decay),
              keep = factors.decoupled ? static_cast<float>(1 - lr * factors.weight_decay) : 1.0f,
              step = static_cast<float>(lr / (1 - __builtin_pow(factors.beta1, steps))),
              correction = static_cast<float>(1 / __builtin_sqrt(1 - __builtin_pow(factors.beta2, steps)));
  for_each_vector(end - begin, [&](std::int64_t offset, int count) RETORT_BODY {
    const auto i = begin + offset;
    const Vec master = load(tensor.master + i, count);
    const Vec gradient = load(gradients + i, count) * scale + master * decay;
    const Vec old_mean = load(tensor.mean + i, count);
    const Vec mean = old_mean + (gradient - old_mean) * rest1;
    const Vec square = load(tensor.square + i, count) * beta2 + gradient * gradient * rest2;
    const Vec result = master * keep - mean * step / (sqrt(square) * correction + eps);
    store(tensor.mean + i, mean, count);
    store(tensor.square + i, square, count);
    store(tensor.master + i, result, count);
    if (tensor.copy != nullptr) store(copy_at(tensor.copy, i), result, count);
  });
}

void adam(const AdamTensor& tensor, const AdamFactors& factors, std::int64_t begin, std::int64_t end) {
  (tensor.gradient_bfloat16 ? adam_of<BFloat16> : adam_of<float>)(tensor, factors, begin, end);
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_sgd, &sgd)
RETORT_REGISTER_KERNEL(retort_adam, &adam)
