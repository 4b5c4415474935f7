#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include <retort/component.hpp>
#include <retort/context.hpp>
#include <retort/shape.hpp>

namespace retort {

// What a data set says of itself without opening a file.
struct DatasetInfo {
  Shape image;  // {channels, height, width}
  std::int64_t classes = 0;
  std::vector<std::string> names;  // of the classes; may be empty
  std::vector<double> mean;        // per channel, of images scaled to [0, 1], over the training split
  std::vector<double> deviation;   // per channel
};

enum class Split { Train, Test };

inline const char* split_name(Split split) {
  return split == Split::Train ? "train" : "test";
}

// A split held as whole tensors, on the CPU.
struct ResidentSplit {
  at::Tensor images;  // [N, channels, height, width] uint8, contiguous
  at::Tensor labels;  // [N] int64, each in [0, classes)
};

// A split too large for memory, whose images are read while training goes on.
class RETORT_API StreamedSplit {
 public:
  virtual ~StreamedSplit();

  virtual at::Tensor labels() const = 0;  // [N] int64, each in [0, classes)

  // Reads and decodes the image at this position: [channels, height, width] uint8, of any strides. Throws DataError
  // naming the file. [any thread, several at once]
  virtual at::Tensor image(std::int64_t position) const = 0;
};

// Classified images. Cropping, flipping, normalising, label noise and subsets are the host's. A data set has either
// whole splits, by load(), or streamed ones, by stream().
//
// Constructed as Dataset(Options[, Context&]); the constructor opens no file.
// Threads: load() and stream() may be called from any thread, one call at a time. Ownership: as Loss; what they return
// is the caller's.
class RETORT_API Dataset {
 public:
  static constexpr Kind kKind = Kind::Dataset;

  virtual ~Dataset();

  // Opens no file. [any thread]
  virtual DatasetInfo info() const = 0;

  // Reads a split. Throws DataError, naming the file, when one is missing, truncated or not of the expected layout.
  virtual ResidentSplit load(Split split);

  // Finds what a split consists of without reading its images; null: the split is whole. Throws as load() does.
  virtual std::shared_ptr<const StreamedSplit> stream(Split split);
};

}  // namespace retort
