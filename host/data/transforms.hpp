#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <retort/shape.hpp>

#include "config/experiment.hpp"

namespace retort::data {

// One augmentation: batched tensor code, on the images' device, without a host synchronisation. Holds no state, so any
// thread may apply it.
class Transform {
 public:
  virtual ~Transform() = default;
  // images [N, C, H, W] uint8 -> [N, C, H', W'] uint8; bits [N] int64 are each sample's own 64 random bits.
  virtual at::Tensor apply(const at::Tensor& images, const at::Tensor& bits) const = 0;
};

// What augmented images are made from.
struct Draw {
  at::Tensor index;  // [N] int64: the samples, as positions in the split
  at::Tensor key;    // [] int64, sequence_key(seed, epoch, Purpose::Augmentation), on the device of `index`
};

// The augmentations of a training split, one after the other. The i-th of them takes its bits from stream i.
//
//   random_crop  size (required), padding = 0   pads with zeros on all sides, then cuts a size x size window, every
//                                               position equally likely
//   random_flip  probability = 0.5              mirrors left and right
class Transforms {
 public:
  // image: {channels, height, width} of the data set.
  explicit Transforms(Shape image) : shape_(std::move(image)) {}

  // Appends an augmentation. Throws InvalidParameter when there is none of that name, or when it cannot be applied to
  // images of output_shape().
  void add(const config::TransformSpec& spec);

  // The shape of the images that apply() returns.
  const Shape& output_shape() const { return shape_; }
  bool empty() const { return transforms_.empty(); }

  // images [N, C, H, W] uint8: the samples of draw.index, in that order.
  at::Tensor apply(at::Tensor images, const Draw& draw) const;

 private:
  Shape shape_;
  std::vector<std::unique_ptr<const Transform>> transforms_;
};

}  // namespace retort::data
