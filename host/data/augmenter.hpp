#pragma once

#include "normalize.hpp"
#include "stored_images.hpp"
#include "transforms.hpp"

namespace retort::data {

// Makes the images of a batch out of stored ones: gathers, augments, normalises and rounds them. Where the
// augmentations are a random crop, a random flip, both or none, one kernel does all of it (on the CPU for the machine's
// instruction set, on a GPU where CUDA sources were built); any others run as tensor code, with the same values.
class Augmenter {
 public:
  explicit Augmenter(Transforms transforms);

  const Transforms& transforms() const { return transforms_; }
  // What the images have to be stored with.
  std::int64_t border() const { return pass_ ? pass_->padding : 0; }

  // -> [N, C, H', W'] of `type` (float32, bfloat16) and `format` (contiguous, channels last).
  //   slots  [N] int64: where the samples of the draw lie in `images`; undefined: in their order
  // Everything is on one device. Never synchronises.
  at::Tensor images(const StoredImages& images, const at::Tensor& slots, const Draw& draw, const Normalize& normalize,
                    at::ScalarType type, at::MemoryFormat format) const;

  // The same as bytes, not normalised: [N, C, H', W'] uint8.
  at::Tensor bytes(const StoredImages& images, const at::Tensor& slots, const Draw& draw) const;

 private:
  Transforms transforms_;
  std::optional<CropAndFlip> pass_;
  bool flip_first_ = false;
};

}  // namespace retort::data
