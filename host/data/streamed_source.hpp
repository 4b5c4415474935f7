#pragma once

#include <memory>

#include "batch_reader.hpp"
#include "source.hpp"

namespace retort::data {

// A split whose images are read while training goes on. Batches are those that a ResidentSource of the same images
// makes, to the bit.
class StreamedSource final : public Source {
 public:
  struct Options {
    std::uint64_t seed = 0;  // the stage's
    c10::Device device{c10::kCPU};
    bool withholds = false;
    std::int64_t threads = 1;  // that read images
  };

  // `image`: the shape that the data set declares. positions [samples] int64 on the CPU: where each sample stands in
  // the split; labels [samples] int64: what training is told of it.
  StreamedSource(std::shared_ptr<const StreamedSplit> split, const Shape& image, const at::Tensor& positions,
                 const at::Tensor& labels, Transforms transforms, const Options& options);

  // Waits for the images where they have not been read yet. Throws what reading one threw.
  at::Tensor images(const Draw& draw, const Normalize& normalize, at::ScalarType type,
                    at::MemoryFormat format) const override;
  std::int64_t lookahead() const override { return kLookahead; }
  void announce(const at::Tensor& indices) const override { reader_->announce(indices); }
  std::optional<std::string> fingerprint() const override { return std::nullopt; }

 private:
  static constexpr std::int64_t kLookahead = 3;  // batches in memory besides the one that is trained on

  std::unique_ptr<BatchReader> reader_;
};

}  // namespace retort::data
