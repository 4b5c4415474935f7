#include "engine/calibration.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace retort::engine {
namespace {

torch::Tensor floats(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble).to(torch::kFloat);
}

torch::Tensor flags(const std::vector<int>& values) {
  return torch::tensor(values, torch::kInt).to(torch::kBool);
}

double error_of(const std::vector<double>& confidence, const std::vector<int>& right, std::int64_t bins = 15) {
  Calibration calibration(c10::kCPU, bins);
  calibration.add(floats(confidence), flags(right));
  return expected_calibration_error(calibration.sums());
}

TEST(Calibration, IsTheWeightedGapOfTheBins) {
  // Bins of a fifth: (0.2, 0.4] holds 0.3 and 0.4 (one right), (0.8, 1] holds 0.9, 0.9 and 1 (all right).
  const double low = std::abs(0.5 - 0.35);
  const double high = std::abs(1.0 - 2.8 / 3.0);
  EXPECT_NEAR(error_of({0.3, 0.9, 0.4, 0.9, 1.0}, {1, 1, 0, 1, 1}, 5), 2.0 / 5.0 * low + 3.0 / 5.0 * high, 1e-7);
}

TEST(Calibration, HasFifteenEqualBins) {
  const Calibration calibration(c10::kCPU);
  const auto bins = calibration_bins(calibration.sums());
  ASSERT_EQ(bins.size(), 15U);
  EXPECT_EQ(bins[0].lower, 0.0);
  EXPECT_DOUBLE_EQ(bins[4].upper, 1.0 / 3.0);
  EXPECT_EQ(bins[14].upper, 1.0);
  EXPECT_EQ(bins[7].samples, 0);
  EXPECT_EQ(bins[7].confidence, 0.0);
}

TEST(Calibration, AnEdgeBelongsToTheBinBelowIt) {
  for (int edge = 1; edge <= 15; ++edge) {
    Calibration calibration(c10::kCPU);
    const auto at = static_cast<float>(edge / 15.0);
    calibration.add(torch::tensor({at, std::nextafter(at, 0.0F), std::nextafter(at, 2.0F)}), flags({1, 1, 1}));
    const auto bins = calibration_bins(calibration.sums());
    EXPECT_EQ(bins[static_cast<std::size_t>(edge - 1)].samples, edge == 15 ? 3 : 2) << edge;
    if (edge < 15) EXPECT_EQ(bins[static_cast<std::size_t>(edge)].samples, 1) << edge;
  }
}

TEST(Calibration, CertainAndAlwaysRightIsPerfect) {
  EXPECT_EQ(error_of({1.0, 1.0, 1.0}, {1, 1, 1}), 0.0);
}

TEST(Calibration, CertainAndAlwaysWrongIsTheWorst) {
  EXPECT_EQ(error_of({1.0, 1.0}, {0, 0}), 1.0);
}

TEST(Calibration, OneClassIsAlwaysCertain) {
  const torch::Tensor confidence = torch::softmax(torch::randn({4, 1}), 1).amax(1);
  Calibration calibration(c10::kCPU);
  calibration.add(confidence, flags({1, 1, 1, 1}));
  EXPECT_EQ(expected_calibration_error(calibration.sums()), 0.0);
}

TEST(Calibration, AddsUpItsBatches) {
  Calibration whole(c10::kCPU), parts(c10::kCPU);
  const torch::Tensor confidence = torch::rand({40});
  const torch::Tensor right = torch::rand({40}) < confidence;
  whole.add(confidence, right);
  for (int i = 0; i < 4; ++i) parts.add(confidence.slice(0, 10 * i, 10 * i + 10), right.slice(0, 10 * i, 10 * i + 10));
  EXPECT_TRUE(torch::allclose(whole.sums(), parts.sums()));
}

}  // namespace
}  // namespace retort::engine
