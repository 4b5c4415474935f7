#pragma once

#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace retort::data {

// Bytes to what a network expects: (x / 255 - mean) / deviation, channel by channel. Every model has its own.
class Normalize {
 public:
  // mean and deviation: one value a channel, of images scaled to [0, 1]. Throws InvalidParameter when their lengths
  // differ or a deviation is not positive.
  Normalize(const std::vector<double>& mean, const std::vector<double>& deviation, c10::Device device);

  // [N, C, H, W] uint8 -> [N, C, H, W] float32. Throws ShapeError when C is not the number of means.
  at::Tensor operator()(const at::Tensor& images) const;

  // Two models whose images are normalised alike can share them.
  friend bool operator==(const Normalize& a, const Normalize& b) {
    return a.mean_ == b.mean_ && a.deviation_ == b.deviation_ && a.device() == b.device();
  }

  c10::Device device() const { return scale_.device(); }
  // The byte x of channel c becomes x * scale[c] + shift[c], each step rounded to float32: [C] float32.
  at::Tensor scale() const { return scale_.flatten(); }
  at::Tensor shift() const { return shift_.flatten(); }

 private:
  std::vector<double> mean_;
  std::vector<double> deviation_;
  at::Tensor scale_;  // [1, C, 1, 1]: 1 / (255 deviation)
  at::Tensor shift_;  // [1, C, 1, 1]: -mean / deviation
};

}  // namespace retort::data
