#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <limits>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options = {}) {
  const auto loss = plugin.loss("smooth_l1_logits", options);
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

const torch::Tensor kStudent = torch::tensor({{0.5, -3.0}, {0.0, 1.0}}, torch::kFloat64);
const torch::Tensor kTeacher = torch::zeros_like(kStudent);

TEST(SmoothL1Logits, IsSquareNearAndLinearFar) {
  EXPECT_DOUBLE_EQ(value(kStudent, kTeacher), (0.125 + 2.5 + 0 + 0.5) / 4);
  EXPECT_DOUBLE_EQ(value(kStudent, kTeacher, {{"beta", 4}}), (0.25 + 9 + 0 + 1) / 8 / 4);
}

TEST(SmoothL1Logits, IsTheMeanDistanceWithoutBeta) {
  EXPECT_DOUBLE_EQ(value(kStudent, kTeacher, {{"beta", 0}}), (0.5 + 3 + 0 + 1) / 4);
}

TEST(SmoothL1Logits, RefusesABetaThatIsNoLength) {
  for (const double beta : {-1.0, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(plugin.loss("smooth_l1_logits", {{"beta", beta}}), retort::InvalidParameter);
  }
}

TEST(SmoothL1Logits, RefusesToBroadcast) {
  EXPECT_THROW(value(torch::zeros({4, 10}), torch::zeros({4, 1})), retort::ShapeError);
}

TEST(SmoothL1Logits, KeepsTheContract) {
  for (const double beta : {0.0, 0.3, 1.0, 5.0}) {
    EXPECT_THAT(retort::testing::check_loss(plugin, "smooth_l1_logits", {{"beta", beta}}), IsEmpty());
  }
}

}  // namespace
