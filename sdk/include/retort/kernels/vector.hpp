#pragma once

// Vectors of floats, as wide as the instruction set that this source is compiled for (retort_add_kernels): GCC's vector
// extension, so that +, -, *, /, comparisons and `mask ? a : b` work on every element. For kernel sources alone.
//
// ATen's own (ATen/cpu/vec) is not used: its exponential and logarithm call Sleef, which LibTorch does not export, and
// its headers define inline functions of LibTorch, of which the linker might keep the copy for AVX-512.

#include <cstdint>
#include <cstring>

#if defined(CPU_CAPABILITY_AVX512)
#include <immintrin.h>
#endif

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

#if defined(CPU_CAPABILITY_AVX512)
// The lowest `count` bits.
RETORT_INLINE __mmask16 mask_of(int count) {
  return static_cast<__mmask16>((1u << count) - 1);
}
RETORT_INLINE Vec load_some(const float* from, int count) {
  return (Vec)_mm512_maskz_loadu_ps(mask_of(count), from);
}
RETORT_INLINE Vec load_some(const BFloat16* from, int count) {
  const VecHalf half = (VecHalf)_mm256_maskz_loadu_epi16(mask_of(count), from);
  return (Vec)(__builtin_convertvector(half, VecBits) << 16);
}
RETORT_INLINE void store_some(float* to, Vec value, int count) {
  _mm512_mask_storeu_ps(to, mask_of(count), (__m512)value);
}
RETORT_INLINE void store_some(BFloat16* to, Vec value, int count) {
  BFloat16 some[kLanes];
  store(some, value);
  _mm256_mask_storeu_epi16(to, mask_of(count), _mm256_loadu_si256((const __m256i*)some));
}
RETORT_INLINE Vec first_some(Vec value, int count, float rest) {
  return (Vec)_mm512_mask_mov_ps((__m512)splat(rest), mask_of(count), (__m512)value);
}
#else
template <class T>
RETORT_INLINE Vec load_some(const T* from, int count) {
  T some[kLanes] = {};
  for (int i = 0; i < count; ++i) some[i] = from[i];
  return load(some);
}
template <class T>
RETORT_INLINE void store_some(T* to, Vec value, int count) {
  T some[kLanes];
  store(some, value);
  for (int i = 0; i < count; ++i) to[i] = some[i];
}
RETORT_INLINE Vec first_some(Vec value, int count, float rest) {
  for (int i = count; i < kLanes; ++i) value[i] = rest;
  return value;
}
#endif

// The first `count` elements alone are read, and the others 0; or written. With a count that is the constant kLanes
// after inlining nothing is left of the question.
template <class T>
RETORT_INLINE Vec load(const T* from, int count) {
  return count == kLanes ? load(from) : load_some(from, count);
}

template <class T>
RETORT_INLINE void store(T* to, Vec value, int count) {
  if (count == kLanes) return store(to, value);
  store_some(to, value, count);
}

// The first `count` elements of `value`, the others `rest`.
RETORT_INLINE Vec first(Vec value, int count, float rest) {
  return count == kLanes ? value : first_some(value, count, rest);
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

// Half and half, down to one: in the same order for every run.
RETORT_INLINE float sum_of(Vec value) {
  float parts[kLanes];
  store(parts, value);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  }
  return parts[0];
}

RETORT_INLINE float max_of(Vec value) {
  float parts[kLanes];
  store(parts, value);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) parts[i] = parts[i] < parts[i + half] ? parts[i + half] : parts[i];
  }
  return parts[0];
}

// a where either is NaN.
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

// 2^n for the integers n that floats hold: at most -127 gives 0, at least 128 infinity. `shifted` is n +
// kExponentShift.
inline constexpr float kExponentShift = 12582912.0f + 127.0f;  // 1.5 * 2^23 and the bias of a float's exponent
RETORT_INLINE Vec power_of_two(Vec shifted) {
  return (Vec)((VecInt)shifted << 23);
}

// The polynomial with these coefficients, the highest power first.
template <class... Coefficients>
RETORT_INLINE Vec polynomial(Vec x, float highest, Coefficients... others) {
  Vec p = splat(highest);
  ((p = p * x + others), ...);
  return p;
}

// e^x to about 1e-7 of itself; 0 below -87.7 and infinity above 88.3, where a float runs out. NaN stays NaN.
RETORT_INLINE Vec exp(Vec x) {
  const Vec above = max(x, splat(-88.0f)), clamped = above > 89.0f ? splat(89.0f) : above;
  const Vec shifted = clamped * 1.44269504f + kExponentShift;  // rounds to an integer, which the lowest bits then hold
  const Vec n = shifted - kExponentShift;
  const Vec r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  // The minimax polynomial of Cephes' expf.
  const Vec p = polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                           5.0000001201e-1f);
  return ((p * r) * r + r + 1.0f) * power_of_two(shifted);
}

// 2^x to about 1e-7 of itself for x <= 0; 0 below -126.5. NaN stays NaN.
RETORT_INLINE Vec exp2_of_negative(Vec x) {
  const Vec clamped = max(x, splat(-127.0f));
  const Vec shifted = clamped + kExponentShift;
  const Vec f = clamped - (shifted - kExponentShift);
  // The minimax polynomial of Cephes' exp2f.
  const Vec p = polynomial(f, 1.535336188e-4f, 1.339887440e-3f, 9.618437357e-3f, 5.550332471e-2f, 2.402264791e-1f,
                           6.931472028e-1f, 1.0f);
  return p * power_of_two(shifted);
}

// log x to about 1e-7 for normal x > 0. The caller treats other values.
RETORT_INLINE Vec log(Vec x) {
  const VecInt bits = (VecInt)x;
  // x = m 2^e with m in [sqrt(1/2), sqrt(2))
  const VecInt e = (bits - 0x3f3504f3) >> 23;
  const Vec m = (Vec)(bits - (e << 23)) - 1.0f;
  const Vec n = __builtin_convertvector(e, Vec);
  // The minimax polynomial of Cephes' logf.
  const Vec p = polynomial(m, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                           1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
  const Vec squared = m * m;
  const Vec small = p * m * squared - n * 2.12194440e-4f - 0.5f * squared;
  return (m + small) + n * 0.693359375f;
}

}  // namespace
