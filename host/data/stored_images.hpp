#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace retort::data {

// Images as bytes with the channels last, so that a row of a window is one run of bytes, each image within a border of
// zeros that is stored with it, so that padding costs a step nothing.
struct StoredImages {
  at::Tensor bytes;  // [N, H + 2 border, W + 2 border, C] uint8
  std::int64_t border = 0;

  std::int64_t size() const { return bytes.size(0); }

  // The images at these places as the data set has them: [M, C, H, W] uint8; slots [M] int64 on the images' device,
  // undefined: all.
  at::Tensor plain(const at::Tensor& slots) const;
};

// images [N, C, H, W] uint8, on any device, of any strides.
StoredImages store_images(const at::Tensor& images, std::int64_t border, c10::Device device);

}  // namespace retort::data
