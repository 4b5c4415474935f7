#include <algorithm>

#include "differences.hpp"

namespace retort::testing {
namespace {

const char* const kMissing = "/nonexistent/retort";

// The parameter that says where the files lie, or null.
const ParamSpec* root_of(const Descriptor& descriptor) {
  for (const ParamSpec& spec : descriptor.params) {
    if (spec.name == "root") return &spec;
  }
  return nullptr;
}

void check_info(const DatasetInfo& info, Failures& failures) {
  const auto channels = info.image.empty() ? 0 : static_cast<std::size_t>(info.image[0]);
  if (info.image.size() != 3)
    failures.push_back("info() has image shape " + shape_text(info.image) + ", expected 3 sizes");
  if (info.mean.size() != channels || info.deviation.size() != channels) {
    failures.push_back("info() has not one mean and deviation a channel");
  }
  if (info.classes < 1) failures.push_back("info() has no classes");
  if (!info.names.empty() && static_cast<std::int64_t>(info.names.size()) != info.classes) {
    failures.push_back("info() names " + std::to_string(info.names.size()) + " of " + std::to_string(info.classes) +
                       " classes");
  }
}

void check_missing(Dataset& dataset, Failures& failures) {
  try {
    if (!dataset.stream(Split::Train)) dataset.load(Split::Train);
    failures.push_back(std::string("it loads from ") + kMissing);
  } catch (const DataError& error) {
    if (std::string(error.what()).find(kMissing) == std::string::npos) {
      failures.push_back(std::string("the error does not name the missing file: ") + error.what());
    }
  }
}

void check_labels(const at::Tensor& labels, const DatasetInfo& info, const std::string& where, Failures& failures) {
  if (labels.scalar_type() != torch::kInt64 || labels.dim() != 1 || labels.numel() == 0) {
    failures.push_back(where + "labels are not a filled [N] int64");
  } else if (labels.min().item<std::int64_t>() < 0 || labels.max().item<std::int64_t>() >= info.classes) {
    failures.push_back(where + "labels lie outside [0, " + std::to_string(info.classes) + ")");
  }
}

void check_streamed(const StreamedSplit& split, const DatasetInfo& info, const std::string& where, Failures& failures) {
  check_labels(split.labels(), info, where, failures);
  const at::Tensor image = split.image(0);
  if (image.scalar_type() != torch::kUInt8 || image.sizes() != at::IntArrayRef(info.image)) {
    failures.push_back(where + "an image is " + c10::toString(image.scalar_type()) + " of " +
                       shape_text(image.sizes()) + ", expected uint8 of " + shape_text(info.image));
  }
  if (!torch::equal(image, split.image(0))) failures.push_back(where + "an image is another one the second time");
}

void check_split(Dataset& dataset, Split split, Failures& failures) {
  const std::string where = std::string(split_name(split)) + ": ";
  const DatasetInfo info = dataset.info();
  if (const auto streamed = dataset.stream(split)) return check_streamed(*streamed, info, where, failures);
  const ResidentSplit data = dataset.load(split);
  Shape expected = info.image;
  expected.insert(expected.begin(), data.labels.size(0));
  if (data.images.sizes() != at::IntArrayRef(expected)) {
    failures.push_back(where + "images have shape " + shape_text(data.images.sizes()) + ", expected " +
                       shape_text(expected));
  }
  if (data.images.scalar_type() != torch::kUInt8 || !data.images.is_contiguous()) {
    failures.push_back(where + "images are not contiguous uint8");
  }
  check_labels(data.labels, info, where, failures);
  const ResidentSplit again = dataset.load(split);
  if (!torch::equal(data.images, again.images) || !torch::equal(data.labels, again.labels)) {
    failures.push_back(where + "a second load() gives other data");
  }
}

}  // namespace

Failures check_dataset(const Plugin& plugin, const std::string& name, const Table& options) {
  Failures failures = problems(plugin.component(Kind::Dataset, name).descriptor);
  guarded(failures, "data set", [&] {
    const ParamSpec* root = root_of(plugin.component(Kind::Dataset, name).descriptor);
    if (root) {
      Table missing = options;
      missing["root"] = kMissing;
      for (const ParamSpec& spec : plugin.component(Kind::Dataset, name).descriptor.params) {
        if (!spec.required || spec.type != ParamType::Integer) continue;
        missing.try_emplace(spec.name, static_cast<std::int64_t>(std::max(spec.range.min, 1.0)));
      }
      const auto dataset = plugin.dataset(name, missing);
      check_info(dataset->info(), failures);
      check_missing(*dataset, failures);
    }
    if (!root || !root->required || options.contains("root")) {
      const auto dataset = plugin.dataset(name, options);
      check_info(dataset->info(), failures);
      check_split(*dataset, Split::Train, failures);
      check_split(*dataset, Split::Test, failures);
    }
  });
  return failures;
}

}  // namespace retort::testing
