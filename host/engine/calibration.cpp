#include "calibration.hpp"

#include <cmath>

namespace retort::engine {

Calibration::Calibration(c10::Device device, std::int64_t bins)
    : edges_((torch::arange(1, bins, torch::kDouble) / static_cast<double>(bins)).to(device)),
      sums_(torch::zeros({3, bins}, torch::TensorOptions().dtype(torch::kDouble).device(device))) {}

void Calibration::add(const torch::Tensor& confidence, const torch::Tensor& right) {
  // The edges are rounded as the confidences are: one that is meant to lie on an edge does, and belongs to the bin
  // below it.
  const torch::Tensor bin = torch::bucketize(confidence, edges_.to(confidence.scalar_type()));
  const torch::Tensor sure = confidence.to(torch::kDouble);
  sums_.scatter_add_(1, bin.expand({3, -1}), torch::stack({torch::ones_like(sure), sure, right.to(torch::kDouble)}));
}

std::vector<CalibrationBin> calibration_bins(const torch::Tensor& sums) {
  const auto value = sums.accessor<double, 2>();
  const std::int64_t count = sums.size(1);
  std::vector<CalibrationBin> bins;
  for (std::int64_t i = 0; i < count; ++i) {
    const double samples = value[0][i];
    const double divisor = samples > 0.0 ? samples : 1.0;
    bins.push_back({.lower = static_cast<double>(i) / static_cast<double>(count),
                    .upper = static_cast<double>(i + 1) / static_cast<double>(count),
                    .samples = std::llround(samples),
                    .confidence = value[1][i] / divisor,
                    .accuracy = value[2][i] / divisor});
  }
  return bins;
}

double expected_calibration_error(const torch::Tensor& sums) {
  return ((sums[2] - sums[1]).abs().sum() / sums[0].sum()).item<double>();
}

}  // namespace retort::engine
