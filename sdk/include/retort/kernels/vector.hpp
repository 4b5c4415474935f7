#pragma once

// Vectors of floats, as wide as the instruction set that this source is compiled for (retort_add_kernels): GCC's vector
// extension, so that +, -, *, /, comparisons and `mask ? a : b` work on every element. For kernel sources alone.
//
// ATen's own (ATen/cpu/vec) is not used: its exponential and logarithm call Sleef, which LibTorch does not export, and
// its headers define inline functions of LibTorch, of which the linker might keep the copy for AVX-512.

#include <cstdint>
#include <cstring>

#define RETORT_INLINE inline __attribute__((always_inline))

namespace {

#if defined(CPU_CAPABILITY_AVX512)
inline constexpr int kLanes = 16;
#elif defined(CPU_CAPABILITY_AVX2)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef std::int32_t VecInt __attribute__((vector_size(4 * kLanes)));
typedef std::uint32_t VecBits __attribute__((vector_size(4 * kLanes)));
typedef std::uint16_t VecHalf __attribute__((vector_size(2 * kLanes)));

// The upper half of a float's bits.
struct BFloat16 {
  std::uint16_t bits;
};

RETORT_INLINE float to_float(float value) {
  return value;
}

RETORT_INLINE float to_float(BFloat16 value) {
  const std::uint32_t bits = std::uint32_t{value.bits} << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

RETORT_INLINE Vec splat(float value) {
  return value - Vec{};
}

RETORT_INLINE Vec load(const float* from) {
  Vec value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

RETORT_INLINE Vec load(const BFloat16* from) {
  VecHalf half;
  std::memcpy(&half, from, sizeof(half));
  return (Vec)(__builtin_convertvector(half, VecBits) << 16);
}

RETORT_INLINE void store(float* to, Vec value) {
  std::memcpy(to, &value, sizeof(value));
}

// Rounds to nearest, ties to even; NaN stays NaN.
RETORT_INLINE void store(BFloat16* to, Vec value) {
  const VecBits bits = (VecBits)value;
  const VecBits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const VecHalf half = __builtin_convertvector(value == value ? rounded : (bits >> 16) | 0x40, VecHalf);
  std::memcpy(to, &half, sizeof(half));
}

// The first `count` elements alone are read, and the others 0; or written. With a count that is the constant kLanes
// after inlining nothing is left of the question.
template <class T>
RETORT_INLINE Vec load(const T* from, int count) {
  if (count == kLanes) return load(from);
  T some[kLanes] = {};
  for (int i = 0; i < count; ++i) some[i] = from[i];
  return load(some);
}

template <class T>
RETORT_INLINE void store(T* to, Vec value, int count) {
  if (count == kLanes) return store(to, value);
  T some[kLanes];
  store(some, value);
  for (int i = 0; i < count; ++i) to[i] = some[i];
}

// The first `count` elements of `value`, the others `rest`.
RETORT_INLINE Vec first(Vec value, int count, float rest) {
  if (count == kLanes) return value;
  for (int i = count; i < kLanes; ++i) value[i] = rest;
  return value;
}

// Calls body(i, count) for whole vectors (count is kLanes) and at last for the rest. Bodies are
// `[&](std::int64_t i, int count) RETORT_BODY {...}`: they are inlined, with a constant count for whole vectors.
#define RETORT_BODY __attribute__((always_inline))
template <class Body>
RETORT_INLINE void for_each_vector(std::int64_t size, const Body& body) {
  std::int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) body(i, kLanes);
  if (i < size) body(i, static_cast<int>(size - i));
}

// Element by element in a fixed order: the same for every run.
RETORT_INLINE float sum_of(Vec value) {
  float total = 0;
  for (int i = 0; i < kLanes; ++i) total += value[i];
  return total;
}

RETORT_INLINE float max_of(Vec value) {
  float most = value[0];
  for (int i = 1; i < kLanes; ++i) most = most < value[i] ? value[i] : most;
  return most;
}

RETORT_INLINE Vec max(Vec a, Vec b) {
  return a < b ? b : a;
}

RETORT_INLINE Vec abs(Vec value) {
  return (Vec)((VecBits)value & 0x7fffffffu);
}

// 0 where `value` is negative; NaN stays NaN.
RETORT_INLINE Vec relu(Vec value) {
  return value < 0 ? Vec{} : value;
}

// e^x to about 1e-7 of itself; 0 below -87, where a float runs out, and infinity above 88. NaN stays NaN.
RETORT_INLINE Vec exp(Vec x) {
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which the lowest bits then hold
  const Vec clamped = x < -87.0f ? splat(-87.0f) : (x > 88.0f ? splat(88.0f) : x);
  const Vec shifted = clamped * 1.44269504f + shift;
  const Vec n = shifted - shift;
  const Vec r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  // The minimax polynomial of Cephes' expf.
  Vec p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r) * r + r + 1.0f;
  const Vec scaled = (Vec)((VecInt)p + ((VecInt)shifted << 23));
  const Vec result = x < -87.0f ? Vec{} : (x > 88.0f ? splat(__builtin_inff()) : scaled);
  return x == x ? result : x;
}

// log x to about 1e-7 for normal x > 0. The caller treats other values.
RETORT_INLINE Vec log(Vec x) {
  const VecInt bits = (VecInt)x;
  // x = m 2^e with m in [sqrt(1/2), sqrt(2))
  const VecInt e = (bits - 0x3f3504f3) >> 23;
  const Vec m = (Vec)(bits - (e << 23)) - 1.0f;
  const Vec n = __builtin_convertvector(e, Vec);
  // The minimax polynomial of Cephes' logf.
  Vec p = splat(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const Vec squared = m * m;
  const Vec small = p * m * squared - n * 2.12194440e-4f - 0.5f * squared;
  return (m + small) + n * 0.693359375f;
}

}  // namespace
