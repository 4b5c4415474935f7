#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "calibration.hpp"
#include "data/source.hpp"
#include "device.hpp"
#include "graph/training_graph.hpp"
#include "measures.hpp"

namespace retort::engine {

// How a model classifies a split.
struct Evaluation {
  std::int64_t samples = 0;
  double loss = 0.0;  // mean cross-entropy
  double top1 = 0.0;  // ratios
  double top5 = 0.0;  // 1 when there are fewer than 6 classes
  ModelMeasures measures;
  std::vector<CalibrationBin> calibration;  // the reliability diagram
  std::optional<double> agreement;          // share of samples that the teacher puts into the same class
  std::optional<TeacherComparison> comparison;
  torch::Tensor logits;  // [samples, classes] float32, on the device; when they were to be kept
};

struct EvaluationOptions {
  c10::ScalarType type = c10::kFloat;  // to compute in
  torch::Tensor teacher_logits;        // those of the teacher's evaluation on the same split, or undefined
  bool keep_logits = false;
};

// Evaluates in eval mode, without augmentation, and puts the model back into its former mode. One pass over the data;
// the device is read once, at its end. Throws registry::ComponentError.
Evaluation evaluate(const graph::ModelNode& node, const data::Source& source, const EvaluationOptions& options);

}  // namespace retort::engine
