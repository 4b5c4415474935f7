#include "training_split.hpp"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "class_index.hpp"
#include "random_bits.hpp"
#include "source.hpp"

namespace retort::data {
namespace {

using NoiseKind = config::LabelNoiseSpec::Kind;

// One word of random bits for each of `size` images: [size] int64.
at::Tensor bits_of_images(std::int64_t size, std::int64_t seed, Purpose purpose) {
  const at::Tensor key =
      torch::scalar_tensor(sequence_key(static_cast<std::uint64_t>(seed), 0, purpose), torch::kInt64);
  return random_bits(key, torch::arange(size, torch::kInt64), 1)[0];
}

// A share of the images of each class in `classes`, ascending. A class that has images keeps at least one.
at::Tensor share_of_classes(const at::Tensor& labels, const std::vector<std::int64_t>& classes, double fraction,
                            const at::Tensor& bits) {
  std::vector<at::Tensor> parts;
  for (const std::int64_t label : classes) {
    const at::Tensor members = labels.eq(label).nonzero().flatten();
    const std::int64_t size = members.size(0);
    if (size == 0) continue;
    const auto count = std::max<std::int64_t>(1, std::llround(fraction * static_cast<double>(size)));
    const at::Tensor order = bits.index_select(0, members).argsort();
    parts.push_back(members.index_select(0, order.slice(0, 0, count)));
  }
  return parts.empty() ? torch::empty({0}, torch::kInt64) : std::get<0>(torch::cat(parts).sort());
}

std::vector<std::int64_t> all_classes(std::int64_t classes) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  return all;
}

std::vector<std::int64_t> settled_map(const config::LabelNoiseSpec& noise, const DatasetInfo& info,
                                      config::Diagnostics& diagnostics) {
  std::vector<std::int64_t> map = all_classes(info.classes);
  std::vector<bool> given(map.size());
  for (const auto& [from, to] : noise.map) {
    const auto source = class_index(from, info, "dataset.label_noise.map", diagnostics);
    const auto target = class_index(to, info, "dataset.label_noise.map", diagnostics);
    if (!source || !target) continue;
    const auto place = static_cast<std::size_t>(*source);
    if (given[place])
      diagnostics.error(from.origin, "dataset.label_noise.map: class " + to_toml(from.value) +
                                         " is given twice, by name and by number");
    if (*source == *target)
      diagnostics.error(to.origin,
                        "dataset.label_noise.map: class " + to_toml(from.value) + " becomes itself, which is no noise");
    given[place] = true;
    map[place] = *target;
  }
  return map;
}

// What each label becomes when noise hits it: [N] int64.
at::Tensor wrong_labels(const at::Tensor& labels, NoiseKind kind, const std::vector<std::int64_t>& map,
                        std::int64_t classes, const at::Tensor& bits) {
  switch (kind) {
    case NoiseKind::Symmetric: {
      const at::Tensor other = uniform_integers(bits, Half::Low, classes - 1);
      return other + other.ge(labels);  // the labels that remain when the right one is taken out
    }
    case NoiseKind::PairFlip:
      return (labels + 1).remainder(classes);
    case NoiseKind::Asymmetric:
      return torch::tensor(map, torch::kInt64).index_select(0, labels);
    case NoiseKind::File:
      break;
  }
  throw Error("label noise of a file has no rule");
}

}  // namespace

TrainingPlan::TrainingPlan(const config::DatasetSpec& spec, const DatasetInfo& info, config::Diagnostics& diagnostics)
    : subset_(spec.subset), noise_(spec.label_noise), withheld_(spec.withheld_labels), classes_(info.classes) {
  if (subset_ && subset_->classes) {
    for (const config::ClassReference& reference : *subset_->classes) {
      const auto index = class_index(reference, info, "dataset.subset.classes", diagnostics);
      if (!index) continue;
      if (std::find(subset_classes_.begin(), subset_classes_.end(), *index) != subset_classes_.end()) {
        diagnostics.error(reference.origin,
                          "dataset.subset.classes: class " + to_toml(reference.value) + " is given twice");
      }
      subset_classes_.push_back(*index);
    }
  }
  if (noise_ && noise_->kind == NoiseKind::Asymmetric) noise_map_ = settled_map(*noise_, info, diagnostics);
  if (noise_ && classes_ < 2) diagnostics.error(noise_->origin, "dataset.label_noise: the data set has one class only");
}

at::Tensor TrainingPlan::noisy(const at::Tensor& labels) const {
  if (!noise_) return labels;
  if (noise_->kind == NoiseKind::File) {
    return with_changes(labels, read_label_changes(noise_->file), classes_, noise_->file.string());
  }
  const at::Tensor bits = bits_of_images(labels.size(0), noise_->seed, Purpose::LabelNoise);
  const at::Tensor wrong = wrong_labels(labels, noise_->kind, noise_map_, classes_, bits);
  return torch::where(bernoulli(bits, Half::High, noise_->rate), wrong, labels);
}

at::Tensor TrainingPlan::chosen(const at::Tensor& labels) const {
  if (!subset_) return {};
  const at::Tensor bits = bits_of_images(labels.size(0), subset_->seed, Purpose::Subset);
  const at::Tensor chosen =
      share_of_classes(labels, subset_->classes ? subset_classes_ : all_classes(classes_), subset_->fraction, bits);
  if (chosen.size(0) == 0) throw DataError("dataset.subset leaves no training image");
  return chosen;
}

at::Tensor TrainingPlan::withheld(const at::Tensor& labels) const {
  if (!withheld_) return {};
  const at::Tensor bits = bits_of_images(labels.size(0), withheld_->seed, Purpose::WithheldLabels);
  return share_of_classes(labels, all_classes(classes_), withheld_->fraction, bits);
}

TrainingSplit training_split(const ResidentSplit& whole, const TrainingPlan& plan, const ResidentSplit* unlabelled) {
  const at::Tensor clean = whole.labels.cpu();
  const at::Tensor noisy = plan.noisy(clean);
  at::Tensor labels = noisy;
  TrainingSplit result{.data = {whole.images, {}}};
  if (const at::Tensor withheld = plan.withheld(clean); withheld.defined()) {
    labels = labels.index_fill(0, withheld, kWithheldLabel);
    result.withholds = withheld.size(0) > 0;
  }
  const at::Tensor chosen = plan.chosen(clean);
  if (chosen.defined()) {
    result.data.images = whole.images.index_select(0, chosen.to(whole.images.device()));
    labels = labels.index_select(0, chosen);
  }
  if (plan.has_noise()) {
    LabelChanges changes = changes_between(clean, noisy);
    if (chosen.defined()) {
      const at::Tensor used = torch::isin(changes.index, chosen).nonzero().flatten();
      for (at::Tensor* column : {&changes.index, &changes.label, &changes.clean})
        *column = column->index_select(0, used);
    }
    result.changes = std::move(changes);
  }
  if (unlabelled) {
    result.data.images = torch::cat({result.data.images, unlabelled->images});
    labels = torch::cat({labels, torch::full({unlabelled->images.size(0)}, kWithheldLabel, torch::kInt64)});
    result.withholds = true;
  }
  result.data.labels = labels;
  return result;
}

}  // namespace retort::data
