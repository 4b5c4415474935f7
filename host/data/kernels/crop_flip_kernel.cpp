// The same values as LibTorch's operators one after the other: the product is rounded before the sum.
#pragma GCC optimize("fp-contract=off")

#include "crop_flip_cpu.hpp"

#include <cstring>

namespace {

using retort::data::crop_flip_view;
using retort::data::CropFlipArguments;
using retort::data::CropFlipView;

// To the nearest, ties to even.
std::uint16_t to_bfloat16(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

struct Float32 {
  using Type = float;
  static float of(float value) { return value; }
};
struct BFloat16 {
  using Type = std::uint16_t;
  static std::uint16_t of(float value) { return to_bfloat16(value); }
};

// A run of one channel.
template <class Target>
void convert(const std::uint8_t* in, std::int64_t size, float scale, float shift, typename Target::Type* out) {
  for (std::int64_t i = 0; i < size; ++i) out[i] = Target::of(static_cast<float>(in[i]) * scale + shift);
}

// A run in which the channels take turns.
template <class Target>
void convert(const std::uint8_t* in, std::int64_t size, const float* scale, const float* shift,
             typename Target::Type* out) {
  for (std::int64_t i = 0; i < size; ++i) out[i] = Target::of(static_cast<float>(in[i]) * scale[i] + shift[i]);
}

#if defined(__SSSE3__)
typedef std::uint8_t Bytes __attribute__((vector_size(16)));

// Pixels of three bytes, five at a time: byte 0 of a load is that before the first of them, and is not used. Reads a
// byte before `in`, and writes a byte behind `out`.
void mirror3(const std::uint8_t* in, std::int64_t width, std::uint8_t* out) {
  constexpr Bytes order = {13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0};
  std::int64_t x = 0;
  for (; x + 5 <= width; x += 5) {
    Bytes pixels;
    __builtin_memcpy(&pixels, in + 3 * (width - 5 - x) - 1, sizeof pixels);
    pixels = __builtin_shuffle(pixels, order);
    __builtin_memcpy(out + 3 * x, &pixels, sizeof pixels);
  }
  for (; x < width; ++x) {
    for (int c = 0; c < 3; ++c) out[3 * x + c] = in[3 * (width - 1 - x) + c];
  }
}
#else
void mirror3(const std::uint8_t* in, std::int64_t width, std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; ++x) {
    for (int c = 0; c < 3; ++c) out[3 * x + c] = in[3 * (width - 1 - x) + c];
  }
}
#endif

void mirror(const std::uint8_t* in, std::int64_t width, std::int64_t channels, std::uint8_t* out) {
  if (channels == 3) return mirror3(in, width, out);
  if (channels == 1) {
    for (std::int64_t x = 0; x < width; ++x) out[x] = in[width - 1 - x];
    return;
  }
  for (std::int64_t x = 0; x < width; ++x) {
    for (std::int64_t c = 0; c < channels; ++c) out[channels * x + c] = in[channels * (width - 1 - x) + c];
  }
}

// Channels that take turns to channels one after the other.
void split(const std::uint8_t* in, std::int64_t width, std::int64_t channels, std::uint8_t* out) {
  if (channels == 3) {
    std::uint8_t* const first = out;
    std::uint8_t* const second = out + width;
    std::uint8_t* const third = out + 2 * width;
#pragma GCC ivdep
    for (std::int64_t x = 0; x < width; ++x) {
      first[x] = in[3 * x];
      second[x] = in[3 * x + 1];
      third[x] = in[3 * x + 2];
    }
    return;
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t x = 0; x < width; ++x) out[c * width + x] = in[channels * x + c];
  }
}

template <class Target>
void crop_flip_to(const CropFlipArguments& a, std::int64_t begin, std::int64_t end, const float* row_scale,
                  const float* row_shift, std::uint8_t* scratch) {
  using Type = typename Target::Type;
  const std::int64_t row = a.width * a.channels;
  std::uint8_t* const copied = scratch + 1;  // mirror3() reads the byte before
  std::uint8_t* const turned = scratch + row + 64;
  for (std::int64_t i = begin; i < end; ++i) {
    const CropFlipView view = crop_flip_view(a, i);
    const std::int64_t slot = a.slot == nullptr ? i : a.slot[i];
    const std::uint8_t* const image = a.images + slot * a.stored_height * a.stored_width * a.channels;
    Type* const out = static_cast<Type*>(a.out) + i * a.height * row;
    for (std::int64_t y = 0; y < a.height; ++y) {
      const std::uint8_t* in = image + ((view.top + y) * a.stored_width + view.left) * a.channels;
      if (view.mirrored) {
        std::memcpy(copied, in, static_cast<std::size_t>(row));
        mirror(copied, a.width, a.channels, turned);
        in = turned;
      }
      if (a.channels_last || a.channels == 1) {
        convert<Target>(in, row, row_scale, row_shift, out + y * row);
        continue;
      }
      split(in, a.width, a.channels, scratch);
      for (std::int64_t c = 0; c < a.channels; ++c) {
        convert<Target>(scratch + c * a.width, a.width, a.scale[c], a.shift[c], out + (c * a.height + y) * a.width);
      }
    }
  }
}

void crop_flip(const CropFlipArguments& arguments, std::int64_t begin, std::int64_t end, const float* row_scale,
               const float* row_shift, std::uint8_t* scratch) {
  if (arguments.bfloat16) {
    crop_flip_to<BFloat16>(arguments, begin, end, row_scale, row_shift, scratch);
  } else {
    crop_flip_to<Float32>(arguments, begin, end, row_scale, row_shift, scratch);
  }
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_crop_flip, &crop_flip)
