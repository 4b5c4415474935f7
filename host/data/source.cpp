#include "source.hpp"

#include <torch/types.h>

#include "random_bits.hpp"

namespace retort::data {
namespace {

std::string type_and_shape(const at::Tensor& tensor) {
  return tensor.defined() ? c10::getDtypeNames(tensor.scalar_type()).first + " " + shape_text(tensor.sizes())
                          : "no tensor";
}

bool is_array(const at::Tensor& tensor, at::ScalarType type, std::size_t dimensions) {
  return tensor.defined() && tensor.scalar_type() == type && tensor.sizes().size() == dimensions;
}

}  // namespace

void check_split(const std::string& dataset, Split split, const DatasetInfo& info, const ResidentSplit& data) {
  const auto fail = [&](const std::string& what) {
    throw DataError("data set '" + dataset + "', " + split_name(split) + " split: " + what);
  };
  if (!is_array(data.images, torch::kUInt8, 4) || data.images.sizes().slice(1) != at::IntArrayRef(info.image)) {
    fail("expected uint8 images of Nx" + shape_text(info.image) + ", found " + type_and_shape(data.images));
  }
  const std::int64_t size = data.images.size(0);
  if (size == 0) fail("expected at least one image, found none");
  if (!is_array(data.labels, torch::kInt64, 1) || data.labels.size(0) != size) {
    fail("expected int64 labels of " + std::to_string(size) + ", found " + type_and_shape(data.labels));
  }
  const auto [least, greatest] = data.labels.aminmax();
  const std::int64_t wrong =
      least.item<std::int64_t>() < 0 ? least.item<std::int64_t>() : greatest.item<std::int64_t>();
  if (wrong < 0 || wrong >= info.classes) {
    const auto place = (data.labels == wrong).nonzero()[0].item<std::int64_t>();
    fail("expected labels from 0 to " + std::to_string(info.classes - 1) + ", found " + std::to_string(wrong) +
         " at sample " + std::to_string(place));
  }
}

ResidentSource::ResidentSource(const ResidentSplit& data, Transforms transforms, std::uint64_t seed, c10::Device device,
                               bool withholds)
    : images_(data.images.to(device).contiguous()),
      labels_(data.labels.to(device)),
      transforms_(std::move(transforms)),
      seed_(seed),
      withholds_(withholds) {}

Draw ResidentSource::draw(const at::Tensor& indices, std::int64_t epoch) const {
  const at::Tensor key = torch::scalar_tensor(sequence_key(seed_, epoch, Purpose::Augmentation), torch::kInt64);
  return {indices.to(device()), key.to(device())};
}

Batch ResidentSource::batch(const Draw& draw) const {
  return {.images = transforms_.apply(images_.index_select(0, draw.index), draw),
          .target = labels_.index_select(0, draw.index),
          .index = draw.index};
}

}  // namespace retort::data
