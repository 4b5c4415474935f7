#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <retort/dataset.hpp>
#include <retort/loss.hpp>

#include "augmenter.hpp"

namespace retort::data {

// What a step knows of its samples besides the images, on the source's device.
struct Batch {
  at::Tensor target;  // [N] int64 class labels; kWithheldLabel where the label is withheld
  at::Tensor index;   // [N] int64: positions in the split
};

// Throws DataError, naming data set and split, unless `data` is what `info` declares: uint8 images of the declared
// shape, at least one, and as many int64 labels in [0, classes).
void check_split(const std::string& dataset, Split split, const DatasetInfo& info, const ResidentSplit& data);

// Likewise for labels alone: `size` of them, or any number when it is negative.
void check_labels(const std::string& dataset, Split split, const DatasetInfo& info, const at::Tensor& labels,
                  std::int64_t size);

// A split from which batches are made; where its images lie is the subclass's. The labels are on the device.
class Source {
 public:
  virtual ~Source() = default;

  std::int64_t size() const { return labels_.size(0); }
  bool withholds() const { return withholds_; }
  c10::Device device() const { return labels_.device(); }

  // What the batch of these samples in this epoch is made from; indices [N] int64 on any device. Copies to the device.
  Draw draw(const at::Tensor& indices, std::int64_t epoch) const;

  // Reads nothing but tensors and never synchronises, so it can be captured into a CUDA graph: to replay it, write the
  // next draw into the tensors of the captured one.
  Batch batch(const Draw& draw) const;

  // The samples' images, augmented and normalised: [N, C, H, W] of `type` (float32, bfloat16) and `format` (contiguous,
  // channels last). Models with equal `normalize`, `type` and `format` can share them. [step thread]
  virtual at::Tensor images(const Draw& draw, const Normalize& normalize, at::ScalarType type,
                            at::MemoryFormat format) const = 0;

  // A source that reads its images while training goes on is told the batches to come: the samples of the next one that
  // it has not been told of, indices [N] int64 on the CPU, `lookahead()` batches before its images are asked for.
  virtual std::int64_t lookahead() const { return 0; }
  virtual void announce(const at::Tensor& /*indices*/) const {}

  // A number for each sample of the draw that is the same when image and view are: image * views + view. [N] int64 on
  // the CPU. Throws Error when views() are not enumerable.
  at::Tensor entries(const Draw& draw) const;
  Views views() const { return augmenter_.transforms().views(); }

  // SHA-256 of the images as they are stored; nothing for images that would have to be read for it.
  virtual std::optional<std::string> fingerprint() const = 0;

 protected:
  Source(const at::Tensor& labels, Transforms transforms, std::uint64_t seed, c10::Device device, bool withholds);

  const Augmenter& augmenter() const { return augmenter_; }

 private:
  at::Tensor labels_;  // [size] int64
  Augmenter augmenter_;
  std::uint64_t seed_;
  bool withholds_;
};

// A split that lies on the device as bytes.
class ResidentSource final : public Source {
 public:
  // `data` has passed check_split(). `transforms` is empty for a split that is evaluated. `seed` is the stage's.
  // `withholds`: some labels are kWithheldLabel.
  ResidentSource(const ResidentSplit& data, Transforms transforms, std::uint64_t seed, c10::Device device,
                 bool withholds = false);

  // As batch(), images() can be captured.
  at::Tensor images(const Draw& draw, const Normalize& normalize, at::ScalarType type,
                    at::MemoryFormat format) const override;
  std::optional<std::string> fingerprint() const override;

 private:
  StoredImages images_;
};

}  // namespace retort::data
