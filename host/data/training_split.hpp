#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <retort/dataset.hpp>
#include <retort/loss.hpp>

#include "config/experiment.hpp"
#include "label_changes.hpp"

namespace retort::data {

// Which of a data set's training images a stage uses, and what labels it is told: a subset, label noise, withheld
// labels. Each decision about an image follows from its position in the data set and the decision's own seed.
class TrainingPlan {
 public:
  TrainingPlan() = default;  // all images, with their labels

  // Settles what the experiment names. Classes that the data set has not are reported.
  TrainingPlan(const config::DatasetSpec& spec, const DatasetInfo& info, config::Diagnostics& diagnostics);

  // labels [N] int64 on the CPU, as the data set has them -> as training is told them. Throws DataError when a file of
  // label noise does not fit.
  at::Tensor noisy(const at::Tensor& labels) const;
  bool has_noise() const { return noise_.has_value(); }

  // The positions that are used, ascending, [at most N] int64 on the CPU; undefined: all. `labels` are the data set's.
  at::Tensor chosen(const at::Tensor& labels) const;

  // The positions whose label is withheld, likewise; undefined: none.
  at::Tensor withheld(const at::Tensor& labels) const;

 private:
  std::optional<config::SubsetSpec> subset_;
  std::vector<std::int64_t> subset_classes_;  // empty: all
  std::optional<config::LabelNoiseSpec> noise_;
  std::vector<std::int64_t> noise_map_;  // Asymmetric: the class that each class becomes, or itself
  std::optional<config::WithheldLabelsSpec> withheld_;
  std::int64_t classes_ = 0;
};

// A stage's training images.
struct TrainingSplit {
  ResidentSplit data;                   // labels: kWithheldLabel where there is none
  bool withholds = false;               // whether a label is withheld
  std::optional<LabelChanges> changes;  // of the images used, when there is label noise
};

// `whole` is the data set's training split, `unlabelled` another one's whose images are added, or nullptr. Throws
// DataError.
TrainingSplit training_split(const ResidentSplit& whole, const TrainingPlan& plan, const ResidentSplit* unlabelled);

}  // namespace retort::data
