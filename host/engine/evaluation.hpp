#pragma once

#include <cstdint>
#include <optional>

#include "data/source.hpp"
#include "device.hpp"
#include "graph/training_graph.hpp"

namespace retort::engine {

// How well a model classifies a split.
struct Evaluation {
  std::int64_t samples = 0;
  double loss = 0.0;                // mean cross-entropy
  double top1 = 0.0;                // ratios
  double top5 = 0.0;                // 1 when there are fewer than 6 classes
  std::optional<double> agreement;  // share of samples that the teacher puts into the same class
  torch::Tensor predictions;        // [samples] int64, the class of each sample, on the device
};

// Evaluates in eval mode, without augmentation, and puts the model back into its former mode. `teacher_predictions`
// ([samples], or undefined) are an earlier evaluation's of the teacher on the same split.
Evaluation evaluate(const graph::ModelNode& node, const data::ResidentSource& source, c10::ScalarType type,
                    const torch::Tensor& teacher_predictions = {});

}  // namespace retort::engine
