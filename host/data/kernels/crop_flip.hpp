#pragma once

// For the host and for CUDA: plain types only.

#include <cstdint>

#if defined(__CUDACC__)
#define RETORT_HOST_DEVICE __host__ __device__
#else
#define RETORT_HOST_DEVICE
#endif

namespace retort::data {

// Cuts a window out of each image, mirrors it or not, normalises and rounds it: value * scale + shift, as float32 or
// bfloat16. Every pointer is to memory of the device that the kernel runs on.
struct CropFlipArguments {
  const std::uint8_t* images;  // [any, stored_height, stored_width, channels]
  std::int64_t stored_height, stored_width, channels;
  const std::int64_t* slot;    // [count]: the place of each image in `images`; null: the i-th is at place i
  const std::int64_t* sample;  // [count]: what its random bits are drawn for, see data/random_bits.hpp
  const std::int64_t* key;     // []: where the sequence of bits starts
  std::int64_t count;

  std::int64_t height, width;    // of the window
  std::int64_t crop_stream;      // of the bits that choose the window; negative: it begins at (0, 0)
  std::int64_t flip_stream;      // of the bits that choose whether it is mirrored; negative: it is not
  std::uint64_t flip_threshold;  // it is mirrored when the upper 32 bits are less
  bool flip_first;               // mirrored before the window is cut

  const float* scale;  // [channels]
  const float* shift;  // [channels]
  void* out;           // [count, channels, height, width], or with the channels last
  bool bfloat16;
  bool channels_last;
};

struct CropFlipView {
  std::int64_t top, left;
  bool mirrored;
};

// The upper and lower half of the 64 random bits that data::random_bits() gives this sample in this stream.
struct CropFlipBits {
  std::uint64_t high, low;
};

RETORT_HOST_DEVICE static inline CropFlipBits crop_flip_bits(std::int64_t key, std::int64_t sample,
                                                             std::int64_t stream) {
  std::uint64_t z = static_cast<std::uint64_t>(sample) + (static_cast<std::uint64_t>(stream) << 40) + 1;
  z = z * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(key);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return {z >> 32, z & 0xffffffff};
}

RETORT_HOST_DEVICE static inline CropFlipView crop_flip_view(const CropFlipArguments& a, std::int64_t i) {
  CropFlipView view{0, 0, false};
  if (a.flip_stream >= 0) view.mirrored = crop_flip_bits(*a.key, a.sample[i], a.flip_stream).high < a.flip_threshold;
  if (a.crop_stream < 0) return view;
  const std::uint64_t rows = static_cast<std::uint64_t>(a.stored_height - a.height + 1);
  const std::uint64_t columns = static_cast<std::uint64_t>(a.stored_width - a.width + 1);
  const CropFlipBits bits = crop_flip_bits(*a.key, a.sample[i], a.crop_stream);
  view.top = static_cast<std::int64_t>((bits.high * rows) >> 32);
  view.left = static_cast<std::int64_t>((bits.low * columns) >> 32);
  // A window of the mirrored image is the mirrored window at the other side.
  if (a.flip_first && view.mirrored) view.left = static_cast<std::int64_t>(columns) - 1 - view.left;
  return view;
}

}  // namespace retort::data
