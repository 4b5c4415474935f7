#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace retort::engine {

// The samples whose confidence lies in one interval (lower, upper] of (0, 1].
struct CalibrationBin {
  double lower = 0.0;
  double upper = 0.0;
  std::int64_t samples = 0;
  double confidence = 0.0;  // mean; 0 in an empty bin
  double accuracy = 0.0;    // share that is right; 0 in an empty bin
};

// How well confidence, the largest predicted probability, foretells being right: a reliability diagram of equal bins
// and the expected calibration error sum_b n_b / n |accuracy_b - confidence_b| (Guo et al., 2017, eq. 3).
class Calibration {
 public:
  explicit Calibration(c10::Device device, std::int64_t bins = 15);

  // confidence: [N] float; right: [N] bool. Nothing waits for the device.
  void add(const torch::Tensor& confidence, const torch::Tensor& right);

  // [3, bins] double on the device: samples, sum of confidences, number right.
  const torch::Tensor& sums() const { return sums_; }

 private:
  torch::Tensor edges_;  // the inner ones
  torch::Tensor sums_;
};

// `sums` is Calibration::sums() on the CPU, of at least one sample.
std::vector<CalibrationBin> calibration_bins(const torch::Tensor& sums);
double expected_calibration_error(const torch::Tensor& sums);

}  // namespace retort::engine
