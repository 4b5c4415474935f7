#include "logsum_kernel.hpp"

#include <retort/kernels/column_moments.hpp>

namespace {

// |e|^(alpha - 1); exponents 2 and 4 by multiplication, others (Alpha 0) by exponential and logarithm.
template <int Alpha>
RETORT_INLINE Vec lower_power(Vec magnitude, float alpha) {
  if (Alpha == 2) return magnitude;
  if (Alpha == 4) return magnitude * magnitude * magnitude;
  const Vec power = exp(log(magnitude) * (alpha - 1));
  // Below the normal numbers there is no logarithm; the power is 0, or 1 where the exponent is.
  return magnitude < 1.2e-38f ? splat(alpha == 1 ? 1.0f : 0.0f) : (magnitude == magnitude ? power : magnitude);
}

template <class T, bool Normalised>
struct Errors {
  const T *s, *t;
  const LogSumWork& work;

  explicit Errors(const LogSumWork& of)
      : s(static_cast<const T*>(of.student)), t(static_cast<const T*>(of.teacher)), work(of) {}

  // The student's normalised features, where they are normalised.
  RETORT_INLINE Vec student(std::int64_t row, std::int64_t c, int count) const {
    const Vec value = load(s + row * work.columns + c, count);
    if (!Normalised) return value;
    return (value - load(work.student_mean + c, count)) * load(work.student_inverse + c, count);
  }
  RETORT_INLINE Vec teacher(std::int64_t row, std::int64_t c, int count) const {
    const Vec value = load(t + row * work.columns + c, count);
    if (!Normalised) return value;
    return (value - load(work.teacher_mean + c, count)) * load(work.teacher_inverse + c, count);
  }
};

// h = alpha |e|^(alpha - 1) sign e
template <int Alpha>
RETORT_INLINE Vec slope(Vec error, float alpha) {
  const Vec magnitude = abs(error);
  const Vec power = lower_power<Alpha>(magnitude, alpha) * alpha;
  return error < 0 ? -power : (error == 0 ? Vec{} : power);
}

template <class T, int Alpha, bool Normalised>
double powers_of(const LogSumWork& work, std::int64_t begin, std::int64_t end) {
  const Errors<T, Normalised> errors(work);
  double total = 0;
  for (auto block = begin; block < end; block += kBlockRows) {
    const auto block_end = block + kBlockRows < end ? block + kBlockRows : end;
    Vec sum{};
    for (auto row = block; row < block_end; ++row) {
      for_each_vector(work.columns, [&](std::int64_t c, int count) RETORT_BODY {
        const Vec magnitude = abs(errors.student(row, c, count) - errors.teacher(row, c, count));
        sum += first(lower_power<Alpha>(magnitude, work.alpha) * magnitude, count, 0);
      });
    }
    for (int i = 0; i < kLanes; ++i) total += sum[i];
  }
  return total;
}

template <class T, int Alpha, bool Normalised>
void columns_of(const LogSumWork& work, std::int64_t begin, std::int64_t end, double* sums, double* products) {
  const Errors<T, Normalised> errors(work);
  for (std::int64_t c = 0; c < work.columns; ++c) sums[c] = products[c] = 0;
  for (auto block = begin; block < end; block += kBlockRows) {
    sum_columns(
        block, block + kBlockRows < end ? block + kBlockRows : end, work.columns,
        [&](std::int64_t row, std::int64_t c, int count, Vec& sum, Vec& product) RETORT_BODY {
          const Vec student = errors.student(row, c, count);
          const Vec h = slope<Alpha>(student - errors.teacher(row, c, count), work.alpha);
          sum += h;
          product += h * student;
        },
        [&](std::int64_t c, int count, const float* sum, const float* product) RETORT_BODY {
          for (int i = 0; i < count; ++i) {
            sums[c + i] += sum[i];
            products[c + i] += product[i];
          }
        });
  }
}

template <class T, int Alpha, bool Normalised>
void gradient_of(const LogSumGradient& out, float factor, std::int64_t begin, std::int64_t end) {
  const LogSumWork& work = out.work;
  const Errors<T, Normalised> errors(work);
  auto* gradient = static_cast<T*>(out.gradient);
  for (auto row = begin; row < end; ++row) {
    for_each_vector(work.columns, [&](std::int64_t c, int count) RETORT_BODY {
      const Vec student = errors.student(row, c, count);
      Vec value = slope<Alpha>(student - errors.teacher(row, c, count), work.alpha);
      if (Normalised) {
        value = (value - load(out.mean + c, count) - student * load(out.product + c, count)) *
                load(work.student_inverse + c, count);
      }
      store(gradient + row * work.columns + c, value * factor, count);
    });
  }
}

// The instance of a function template for the work's type, exponent and normalization.
#define RETORT_LOGSUM_INSTANCE(function, work)                           \
  ((work).bfloat16 ? RETORT_LOGSUM_INSTANCE_IN(function, work, BFloat16) \
                   : RETORT_LOGSUM_INSTANCE_IN(function, work, float))
#define RETORT_LOGSUM_INSTANCE_IN(function, work, T)                                    \
  ((work).student_mean != nullptr ? RETORT_LOGSUM_INSTANCE_FOR(function, work, T, true) \
                                  : RETORT_LOGSUM_INSTANCE_FOR(function, work, T, false))
#define RETORT_LOGSUM_INSTANCE_FOR(function, work, T, normalised) \
  ((work).alpha == 4   ? function<T, 4, normalised>               \
   : (work).alpha == 2 ? function<T, 2, normalised>               \
                       : function<T, 0, normalised>)

void moments(bool bfloat16, const void* x, std::int64_t begin, std::int64_t end, std::int64_t columns, double* mean,
             double* squares) {
  if (bfloat16) return column_moments(static_cast<const BFloat16*>(x), begin, end, columns, mean, squares);
  column_moments(static_cast<const float*>(x), begin, end, columns, mean, squares);
}

double powers(const LogSumWork& work, std::int64_t begin, std::int64_t end) {
  return RETORT_LOGSUM_INSTANCE(powers_of, work)(work, begin, end);
}

void columns(const LogSumWork& work, std::int64_t begin, std::int64_t end, double* sum, double* product) {
  RETORT_LOGSUM_INSTANCE(columns_of, work)(work, begin, end, sum, product);
}

void gradient(const LogSumGradient& out, float factor, std::int64_t begin, std::int64_t end) {
  RETORT_LOGSUM_INSTANCE(gradient_of, out.work)(out, factor, begin, end);
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_logsum_moments, &moments)
RETORT_REGISTER_KERNEL(retort_logsum_powers, &powers)
RETORT_REGISTER_KERNEL(retort_logsum_columns, &columns)
RETORT_REGISTER_KERNEL(retort_logsum_gradient, &gradient)
