#include "stored_images.hpp"

#include <torch/types.h>

namespace retort::data {

at::Tensor StoredImages::plain(const at::Tensor& slots) const {
  const at::Tensor chosen = slots.defined() ? bytes.index_select(0, slots) : bytes;
  const std::int64_t height = bytes.size(1) - 2 * border, width = bytes.size(2) - 2 * border;
  return chosen.narrow(1, border, height).narrow(2, border, width).permute({0, 3, 1, 2}).contiguous();
}

StoredImages store_images(const at::Tensor& images, std::int64_t border, c10::Device device) {
  const std::int64_t height = images.size(2), width = images.size(3);
  const at::Tensor bytes = torch::zeros({images.size(0), height + 2 * border, width + 2 * border, images.size(1)},
                                        torch::TensorOptions().dtype(torch::kUInt8).device(device));
  bytes.narrow(1, border, height).narrow(2, border, width).copy_(images.permute({0, 2, 3, 1}));
  return {bytes, border};
}

}  // namespace retort::data
