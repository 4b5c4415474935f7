#include "vector_test_kernel.hpp"

#include <retort/kernels/vector.hpp>

namespace {

template <class Function>
RETORT_INLINE void map(const float* x, std::int64_t size, float* out, const Function& function) {
  for_each_vector(size,
                  [&](std::int64_t i, int count) RETORT_BODY { store(out + i, function(load(x + i, count)), count); });
}

void exp_of(const float* x, std::int64_t size, float* out) {
  map(x, size, out, [](Vec value) RETORT_BODY { return exp(value); });
}

void exp2_of(const float* x, std::int64_t size, float* out) {
  map(x, size, out, [](Vec value) RETORT_BODY { return exp2_of_negative(value); });
}

void log_of(const float* x, std::int64_t size, float* out) {
  map(x, size, out, [](Vec value) RETORT_BODY { return log(value); });
}

void through_bfloat16(const float* x, std::int64_t size, std::uint16_t* out) {
  auto* const rounded = reinterpret_cast<BFloat16*>(out);
  for_each_vector(size, [&](std::int64_t i, int count) RETORT_BODY { store(rounded + i, load(x + i, count), count); });
  // Once more, read as what was written.
  for_each_vector(size,
                  [&](std::int64_t i, int count) RETORT_BODY { store(rounded + i, load(rounded + i, count), count); });
}

float sum(const float* x, std::int64_t size) {
  Vec total{};
  for_each_vector(size,
                  [&](std::int64_t i, int count) RETORT_BODY { total += first(load(x + i, count) + 1.0f, count, 0); });
  return sum_of(total);
}

float most(const float* x, std::int64_t size) {
  Vec highest = splat(-__builtin_inff());
  for_each_vector(size, [&](std::int64_t i, int count) RETORT_BODY {
    highest = max(highest, first(load(x + i, count), count, -__builtin_inff()));
  });
  return max_of(highest);
}

VectorFunctions functions() {
  return {exp_of, exp2_of, log_of, through_bfloat16, sum, most};
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_vector_functions, &functions)
