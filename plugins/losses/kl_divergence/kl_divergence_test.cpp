#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options) {
  const auto loss = plugin.loss("kl_divergence", options);
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

// softmax: {1/2, 1/2} and {1/4, 3/4}
const torch::Tensor kStudent = torch::zeros({1, 2}, torch::kFloat64);
const torch::Tensor kTeacher = torch::tensor({{0.0, std::log(3.0)}}, torch::kFloat64);
const double kDivergence = 0.25 * std::log(0.5) + 0.75 * std::log(1.5);

TEST(KlDivergence, IsOfTheStudentFromTheTeacher) {
  EXPECT_NEAR(value(kStudent, kTeacher, {{"temperature", 1}}), kDivergence, 1e-12);
}

TEST(KlDivergence, IsTheMeanOverTheBatch) {
  EXPECT_NEAR(value(kStudent.repeat({3, 1}), kTeacher.repeat({3, 1}), {{"temperature", 1}}), kDivergence, 1e-12);
}

TEST(KlDivergence, SoftensBothSidesAndScalesByTheSquareOfTheTemperature) {
  EXPECT_NEAR(value(2 * kStudent, 2 * kTeacher, {{"temperature", 2}}), 4 * kDivergence, 1e-12);
  EXPECT_NEAR(value(2 * kStudent, 2 * kTeacher, {{"temperature", 2}, {"scale_by_t2", false}}), kDivergence, 1e-12);
  EXPECT_NEAR(value(4 * kStudent, 4 * kTeacher, {}), 16 * kDivergence, 1e-12);  // T is 4 by default
}

// For T -> infinity: (1 / 2K) sum_k (d_k - mean d)^2 with d = s - t.
TEST(KlDivergence, TendsToCentredSquaredErrorAtHighTemperature) {
  torch::manual_seed(1);
  const auto student = torch::randn({8, 100}, torch::kFloat64);
  const auto teacher = torch::randn({8, 100}, torch::kFloat64);
  const auto d = student - teacher;
  const double limit = (d - d.mean(1, true)).square().sum(1).div(2 * 100).mean().item<double>();
  EXPECT_NEAR(value(student, teacher, {{"temperature", 1e4}}), limit, 1e-3 * limit);
}

TEST(KlDivergence, RefusesTemperaturesThatAreNotPositive) {
  EXPECT_THROW(plugin.loss("kl_divergence", {{"temperature", 0}}), retort::InvalidParameter);
}

TEST(KlDivergence, NamesBothShapes) {
  try {
    value(torch::zeros({4, 10}), torch::zeros({4, 12}), {});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found 4x10 and 4x12"));
  }
}

TEST(KlDivergence, KeepsTheContract) {
  for (const double temperature : {0.5, 1.0, 4.0, 20.0}) {
    EXPECT_THAT(retort::testing::check_loss(plugin, "kl_divergence", {{"temperature", temperature}}), IsEmpty());
  }
  EXPECT_THAT(retort::testing::check_loss(plugin, "kl_divergence", {{"scale_by_t2", false}}), IsEmpty());
}

}  // namespace
