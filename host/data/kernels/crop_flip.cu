#include "crop_flip.hpp"

#include <cuda_bf16.h>
#include <cuda_runtime.h>

namespace {

using retort::data::crop_flip_view;
using retort::data::CropFlipArguments;
using retort::data::CropFlipView;

constexpr int kThreads = 256;

__device__ void put(float* out, float value) {
  *out = value;
}
__device__ void put(__nv_bfloat16* out, float value) {
  *out = __float2bfloat16_rn(value);
}

// A block computes pixels of one image, a thread all channels of a pixel: threads side by side write side by side.
template <class Type>
__global__ void crop_flip(const CropFlipArguments a) {
  const std::int64_t i = blockIdx.y;
  const std::int64_t pixel = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  __shared__ CropFlipView shared;
  if (threadIdx.x == 0) shared = crop_flip_view(a, i);
  __syncthreads();
  if (pixel >= a.height * a.width) return;
  const CropFlipView view = shared;
  const std::int64_t y = pixel / a.width;
  const std::int64_t x = pixel % a.width;
  const std::int64_t slot = a.slot == nullptr ? i : a.slot[i];
  const std::int64_t column = view.left + (view.mirrored ? a.width - 1 - x : x);
  const std::uint8_t* const in =
      a.images + ((slot * a.stored_height + view.top + y) * a.stored_width + column) * a.channels;
  Type* const out = static_cast<Type*>(a.out) + i * a.height * a.width * a.channels;
  for (std::int64_t c = 0; c < a.channels; ++c) {
    const std::int64_t place = a.channels_last ? pixel * a.channels + c : c * a.height * a.width + pixel;
    // Rounded twice, as LibTorch's operators do: not a fused multiply-add.
    put(out + place, __fadd_rn(__fmul_rn(static_cast<float>(in[c]), a.scale[c]), a.shift[c]));
  }
}

}  // namespace

// The grid has one row of blocks an image: at most 65535 images.
extern "C" __attribute__((visibility("default"))) const char* retort_crop_flip_cuda(void* stream,
                                                                                    const CropFlipArguments* a) {
  const dim3 grid(static_cast<unsigned>((a->height * a->width + kThreads - 1) / kThreads),
                  static_cast<unsigned>(a->count));
  const auto on = static_cast<cudaStream_t>(stream);
  if (a->bfloat16) {
    crop_flip<__nv_bfloat16><<<grid, kThreads, 0, on>>>(*a);
  } else {
    crop_flip<float><<<grid, kThreads, 0, on>>>(*a);
  }
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}
