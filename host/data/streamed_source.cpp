#include "streamed_source.hpp"

#include <torch/types.h>

namespace retort::data {

StreamedSource::StreamedSource(std::shared_ptr<const StreamedSplit> split, const Shape& image,
                               const at::Tensor& positions, const at::Tensor& labels, Transforms transforms,
                               const Options& options)
    : Source(labels, std::move(transforms), options.seed, options.device, options.withholds),
      reader_(std::make_unique<BatchReader>(
          std::move(split), positions.contiguous(),
          BatchReader::Options{
              .image = image, .border = augmenter().border(), .threads = options.threads, .device = options.device})) {}

at::Tensor StreamedSource::images(const Draw& draw, const Normalize& normalize, at::ScalarType type,
                                  at::MemoryFormat format) const {
  return augmenter().images(reader_->take(draw.host_index), {}, draw, normalize, type, format);
}

}  // namespace retort::data
