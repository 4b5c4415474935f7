#include "source.hpp"

#include <torch/types.h>

#include "random_bits.hpp"
#include "sha256.hpp"

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
  check_labels(dataset, split, info, data.labels, size);
}

void check_labels(const std::string& dataset, Split split, const DatasetInfo& info, const at::Tensor& labels,
                  std::int64_t size) {
  const auto fail = [&](const std::string& what) {
    throw DataError("data set '" + dataset + "', " + split_name(split) + " split: " + what);
  };
  if (!is_array(labels, torch::kInt64, 1) || (size >= 0 && labels.size(0) != size)) {
    fail("expected int64 labels" + (size >= 0 ? " of " + std::to_string(size) : std::string()) + ", found " +
         type_and_shape(labels));
  }
  if (labels.size(0) == 0) fail("expected at least one image, found none");
  const auto [least, greatest] = labels.aminmax();
  const std::int64_t wrong =
      least.item<std::int64_t>() < 0 ? least.item<std::int64_t>() : greatest.item<std::int64_t>();
  if (wrong < 0 || wrong >= info.classes) {
    const auto place = (labels == wrong).nonzero()[0].item<std::int64_t>();
    fail("expected labels from 0 to " + std::to_string(info.classes - 1) + ", found " + std::to_string(wrong) +
         " at sample " + std::to_string(place));
  }
}

Source::Source(const at::Tensor& labels, Transforms transforms, std::uint64_t seed, c10::Device device, bool withholds)
    : labels_(labels.to(device)), augmenter_(std::move(transforms)), seed_(seed), withholds_(withholds) {}

Draw Source::draw(const at::Tensor& indices, std::int64_t epoch) const {
  const at::Tensor key = torch::scalar_tensor(sequence_key(seed_, epoch, Purpose::Augmentation), torch::kInt64);
  return {.index = indices.to(device()), .key = key.to(device()), .host_index = indices.cpu(), .host_key = key};
}

Batch Source::batch(const Draw& draw) const {
  return {.target = labels_.index_select(0, draw.index), .index = draw.index};
}

at::Tensor Source::entries(const Draw& draw) const {
  const at::Tensor view = augmenter_.transforms().view({.index = draw.host_index, .key = draw.host_key});
  return view.add_(draw.host_index, views().count);
}

ResidentSource::ResidentSource(const ResidentSplit& data, Transforms transforms, std::uint64_t seed, c10::Device device,
                               bool withholds)
    : Source(data.labels, std::move(transforms), seed, device, withholds),
      images_(store_images(data.images, augmenter().border(), device)) {}

at::Tensor ResidentSource::images(const Draw& draw, const Normalize& normalize, at::ScalarType type,
                                  at::MemoryFormat format) const {
  return augmenter().images(images_, draw.index, draw, normalize, type, format);
}

std::optional<std::string> ResidentSource::fingerprint() const {
  const at::Tensor bytes = images_.bytes.cpu();
  Sha256 hash;
  hash.add_field(bytes.sizes().data(), bytes.sizes().size() * sizeof(std::int64_t));
  hash.add_field(bytes.const_data_ptr(), bytes.nbytes());
  return hash.hexadecimal();
}

}  // namespace retort::data
