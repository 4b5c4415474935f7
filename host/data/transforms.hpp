#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <retort/shape.hpp>

#include "config/experiment.hpp"

namespace retort::data {

// How many different images an augmentation can make of one: its views, numbered from 0.
struct Views {
  std::int64_t count = 1;
  std::string reason;  // why they cannot be numbered; "": they can
  bool enumerable() const { return reason.empty(); }
};

// A chain of at most one random crop and one random flip: what one pass over the images can do.
struct CropAndFlip {
  std::int64_t padding = 0;          // zero pixels on each side of the image
  std::int64_t crop_stream = -1;     // of the bits that choose the window; negative: there is no crop
  std::int64_t flip_stream = -1;     // likewise
  std::uint64_t flip_threshold = 0;  // mirrored when the upper 32 bits are less
};

// One augmentation: batched tensor code, on the images' device, without a host synchronisation. Holds no state, so any
// thread may apply it.
class Transform {
 public:
  virtual ~Transform() = default;
  // images [N, C, H, W] uint8 -> [N, C, H', W'] uint8; bits [N] int64 are each sample's own 64 random bits.
  virtual at::Tensor apply(const at::Tensor& images, const at::Tensor& bits) const = 0;

  virtual Views views() const = 0;
  // The number of the view that each sample's bits choose: [N] int64. Asked for only when views() are enumerable.
  virtual at::Tensor view(const at::Tensor& bits) const = 0;

  // Adds itself, with this stream of bits, to what one pass does; false when that is not possible.
  virtual bool join(CropAndFlip& pass, std::int64_t stream) const = 0;
};

// What augmented images are made from.
struct Draw {
  at::Tensor index;  // [N] int64: the samples, as positions in the split
  at::Tensor key;    // [] int64, sequence_key(seed, epoch, Purpose::Augmentation), on the device of `index`
  // The same on the CPU, for what is not computed on a GPU: reading images, looking logits up.
  at::Tensor host_index = {};
  at::Tensor host_key = {};

  // Some of the samples: rows [M] int64 on the CPU.
  Draw rows(const at::Tensor& rows) const;
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

  // The chain as one pass; nothing when it is more than that.
  std::optional<CropAndFlip> crop_and_flip() const;

  // The views of the whole chain: each combination of its augmentations' views is one.
  Views views() const;

  // The view that each sample of the draw gets: [N] int64 on its device. Two samples with one image and one view become
  // the same image. Throws Error when views() are not enumerable.
  at::Tensor view(const Draw& draw) const;

 private:
  at::Tensor bits(const Draw& draw) const;  // [transforms, N]

  Shape shape_;
  std::vector<std::unique_ptr<const Transform>> transforms_;
};

}  // namespace retort::data
