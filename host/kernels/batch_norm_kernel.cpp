#include "batch_norm_kernel.hpp"

#include <retort/kernels/column_moments.hpp>

namespace {

using retort::kernels::BatchNormInputGradient;
using retort::kernels::BatchNormSums;
using retort::kernels::Moments;
using retort::kernels::ScaleAndShift;

void moments(const Moments& a) {
  if (a.bfloat16) {
    column_moments(static_cast<const BFloat16*>(a.x), a.begin, a.end, a.channels, a.mean, a.squares);
  } else {
    column_moments(static_cast<const float*>(a.x), a.begin, a.end, a.channels, a.mean, a.squares);
  }
}

template <class T, bool Relu, bool Residual>
void scale_and_shift_of(const ScaleAndShift& a) {
  const auto* x = static_cast<const T*>(a.x);
  const auto* residual = static_cast<const T*>(a.residual);
  auto* y = static_cast<T*>(a.y);
  for (auto row = a.begin; row < a.end; ++row) {
    const auto at = row * a.channels;
    for_each_vector(a.channels, [&](std::int64_t c, int count) RETORT_BODY {
      Vec value =
          (load(x + at + c, count) - load(a.centre + c, count)) * load(a.scale + c, count) + load(a.shift + c, count);
      if (Residual) value += load(residual + at + c, count);
      if (Relu) value = relu(value);
      store(y + at + c, value, count);
    });
  }
}

template <class T>
void scale_and_shift_in(const ScaleAndShift& a) {
  if (a.residual != nullptr)
    return a.relu ? scale_and_shift_of<T, true, true>(a) : scale_and_shift_of<T, false, true>(a);
  a.relu ? scale_and_shift_of<T, true, false>(a) : scale_and_shift_of<T, false, false>(a);
}

void scale_and_shift(const ScaleAndShift& a) {
  a.bfloat16 ? scale_and_shift_in<BFloat16>(a) : scale_and_shift_in<float>(a);
}

// The gradient at `at` before the activation.
template <bool Relu, class T>
RETORT_INLINE Vec passed(const T* dy, const T* y, std::int64_t at, int count) {
  const Vec gradient = load(dy + at, count);
  return Relu ? (load(y + at, count) <= 0 ? Vec{} : gradient) : gradient;
}

template <class T, bool Relu, bool Write>
void sums_of(const BatchNormSums& a) {
  const auto* dy = static_cast<const T*>(a.dy);
  const auto* y = static_cast<const T*>(a.y);
  const auto* x = static_cast<const T*>(a.x);
  auto* g = static_cast<T*>(a.g);
  for (std::int64_t c = 0; c < a.channels; ++c) a.sum[c] = a.product[c] = 0;
  for (auto block = a.begin; block < a.end; block += kBlockRows) {
    sum_columns(
        block, block + kBlockRows < a.end ? block + kBlockRows : a.end, a.channels,
        [&](std::int64_t row, std::int64_t c, int count, Vec& sum, Vec& product) RETORT_BODY {
          const auto at = row * a.channels + c;
          const Vec gradient = passed<Relu>(dy, y, at, count);
          if (Write) store(g + at, gradient, count);
          sum += gradient;
          product += gradient * (load(x + at, count) - load(a.mean + c, count));
        },
        [&](std::int64_t c, int count, const float* sum, const float* product) RETORT_BODY {
          for (int i = 0; i < count; ++i) {
            a.sum[c + i] += sum[i];
            a.product[c + i] += product[i];
          }
        });
  }
}

template <class T>
void sums_in(const BatchNormSums& a) {
  if (a.g != nullptr) return a.relu ? sums_of<T, true, true>(a) : sums_of<T, false, true>(a);
  a.relu ? sums_of<T, true, false>(a) : sums_of<T, false, false>(a);
}

void sums(const BatchNormSums& a) {
  a.bfloat16 ? sums_in<BFloat16>(a) : sums_in<float>(a);
}

template <class T, bool Relu>
void input_gradient_of(const BatchNormInputGradient& a) {
  const auto* dy = static_cast<const T*>(a.dy);
  const auto* y = static_cast<const T*>(a.y);
  const auto* x = static_cast<const T*>(a.x);
  auto* dx = static_cast<T*>(a.dx);
  for (auto row = a.begin; row < a.end; ++row) {
    const auto at = row * a.channels;
    for_each_vector(a.channels, [&](std::int64_t c, int count) RETORT_BODY {
      const Vec deviation = load(x + at + c, count) - load(a.mean + c, count);
      const Vec value = passed<Relu>(dy, y, at + c, count) * load(a.scale + c, count) -
                        deviation * load(a.slope + c, count) - load(a.offset + c, count);
      store(dx + at + c, value, count);
    });
  }
}

void input_gradient(const BatchNormInputGradient& a) {
  if (a.bfloat16) return a.relu ? input_gradient_of<BFloat16, true>(a) : input_gradient_of<BFloat16, false>(a);
  a.relu ? input_gradient_of<float, true>(a) : input_gradient_of<float, false>(a);
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_moments, &moments)
RETORT_REGISTER_KERNEL(retort_scale_and_shift, &scale_and_shift)
RETORT_REGISTER_KERNEL(retort_batch_norm_sums, &sums)
RETORT_REGISTER_KERNEL(retort_batch_norm_input_gradient, &input_gradient)
