#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distribution.hpp"
#include "engine/calibration.hpp"
#include "engine/measures.hpp"
#include "plane.hpp"
#include "split_outputs.hpp"

// What Kim et al. (2021) and Müller et al. (2019) look at in a student and its teacher, sample by sample.
namespace retort::inspect {

// The penultimate layer seen on the plane of three classes.
struct PlaneView {
  struct Point {
    std::int64_t sample = 0;  // its place in the split
    std::int64_t label = 0;
    double x = 0.0;
    double y = 0.0;
  };
  std::string parameter;         // where the templates are from
  std::vector<Point> templates;  // of the three classes in the order asked for; `sample` means nothing
  std::vector<Point> points;     // the samples of these classes
};

struct ModelInspection {
  std::string model;
  std::int64_t samples = 0;
  double loss = 0.0;  // mean cross-entropy
  double top1 = 0.0;  // ratio
  double calibration_error = 0.0;
  std::vector<engine::CalibrationBin> calibration;
  Distribution entropy;  // in nats
  std::optional<Distribution> top_logit_difference;
  Distribution logit_norm;
  std::optional<Distribution> penultimate_norm;
  std::optional<PlaneView> plane;
};

struct PairInspection {
  double agreement = 0.0;
  Distribution logit_distance;
  engine::TeacherComparison comparison;
};

// `bins` of the histograms, at least 1.
ModelInspection inspect_model(const std::string& model, const SplitOutputs& outputs, std::int64_t bins);

// Throws InvalidParameter when the model has no penultimate tap or no classifier layer on it.
PlaneView inspect_plane(const Model& model, const SplitOutputs& outputs, const std::vector<std::int64_t>& classes);

PairInspection inspect_pair(const SplitOutputs& student, const SplitOutputs& teacher, std::int64_t bins);

}  // namespace retort::inspect
