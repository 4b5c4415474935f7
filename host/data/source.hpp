#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <retort/dataset.hpp>
#include <retort/loss.hpp>

#include "transforms.hpp"

namespace retort::data {

// One step's samples, all on the source's device.
struct Batch {
  at::Tensor images;  // [N, C, H, W] uint8, augmented; not yet normalised
  at::Tensor target;  // [N] int64 class labels; kWithheldLabel where the label is withheld
  at::Tensor index;   // [N] int64: positions in the split
};

// Throws DataError, naming data set and split, unless `data` is what `info` declares: uint8 images of the declared
// shape, at least one, and as many int64 labels in [0, classes).
void check_split(const std::string& dataset, Split split, const DatasetInfo& info, const ResidentSplit& data);

// A split that lies on the device as bytes; a batch is a gather and the transforms.
class ResidentSource {
 public:
  // `data` has passed check_split(). `transforms` is empty for a split that is evaluated. `seed` is the stage's.
  // `withholds`: some labels are kWithheldLabel.
  ResidentSource(const ResidentSplit& data, Transforms transforms, std::uint64_t seed, c10::Device device,
                 bool withholds = false);

  std::int64_t size() const { return images_.size(0); }
  bool withholds() const { return withholds_; }
  c10::Device device() const { return images_.device(); }

  // What the batch of these samples in this epoch is made from; indices [N] int64 on any device. Copies to the device.
  Draw draw(const at::Tensor& indices, std::int64_t epoch) const;

  // Reads nothing but tensors and never synchronises, so it can be captured into a CUDA graph: to replay it, write the
  // next draw into the tensors of the captured one.
  Batch batch(const Draw& draw) const;

 private:
  at::Tensor images_;  // [size, C, H, W] uint8
  at::Tensor labels_;  // [size] int64
  Transforms transforms_;
  std::uint64_t seed_;
  bool withholds_;
};

}  // namespace retort::data
