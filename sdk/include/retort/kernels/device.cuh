#pragma once

// For CUDA sources (retort_add_kernels), which include no header of LibTorch.

#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_runtime.h>

// What a host looks up by name: see retort/kernels/cuda.hpp.
#define RETORT_LAUNCH extern "C" __attribute__((visibility("default"))) const char*

namespace {

using BFloat16 = __nv_bfloat16;

__device__ inline float to_float(float value) {
  return value;
}

__device__ inline float to_float(BFloat16 value) {
  return __bfloat162float(value);
}

template <class T>
__device__ inline T rounded(float value) {
  return static_cast<T>(value);
}

template <>
__device__ inline BFloat16 rounded<BFloat16>(float value) {
  return __float2bfloat16_rn(value);
}

// V elements that are read and written at once.
template <class T, int V>
struct alignas(sizeof(T) * V) Pack {
  T element[V];
};

template <int V, class T>
__device__ inline void load(const T* from, float (&to)[V]) {
  const Pack<T, V> pack = *reinterpret_cast<const Pack<T, V>*>(from);
#pragma unroll
  for (int v = 0; v < V; ++v) to[v] = to_float(pack.element[v]);
}

template <int V, class T>
__device__ inline void store(T* to, const float (&from)[V]) {
  Pack<T, V> pack;
#pragma unroll
  for (int v = 0; v < V; ++v) pack.element[v] = rounded<T>(from[v]);
  *reinterpret_cast<Pack<T, V>*>(to) = pack;
}

// How many elements of T fill 16 bytes.
template <class T>
inline constexpr int kPack = 16 / sizeof(T);

inline bool aligned(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0;
}

// The sum over a warp, the same in every lane and in every run.
template <class T>
__device__ inline T warp_sum(T value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

__device__ inline float warp_max(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, offset));
  return value;
}

// Over a block of whole warps, in every thread; `shared` holds 32 values and may be used again at once.
template <class T>
__device__ inline T block_sum(T value, T* shared) {
  value = warp_sum(value);
  __syncthreads();
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  T total = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) total += shared[warp];
  return total;
}

__device__ inline float block_max(float value, float* shared) {
  value = warp_max(value);
  __syncthreads();
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  float most = shared[0];
  for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) most = fmaxf(most, shared[warp]);
  return most;
}

// What the last launches of this thread said; null when all is well.
inline const char* launch_problem() {
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

inline unsigned blocks_for(std::int64_t items, std::int64_t per_block, std::int64_t most) {
  const std::int64_t blocks = (items + per_block - 1) / per_block;
  return static_cast<unsigned>(blocks < 1 ? 1 : (blocks > most ? most : blocks));
}

}  // namespace
