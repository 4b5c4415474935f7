#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options) {
  const auto loss = plugin.loss("soft_cross_entropy", options);
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

// softmax: {1/4, 3/4} and {1/2, 1/2}
const torch::Tensor kStudent = torch::tensor({{0.0, std::log(3.0)}}, torch::kFloat64);
const torch::Tensor kTeacher = torch::zeros({1, 2}, torch::kFloat64);
const double kEntropy = -0.5 * std::log(0.25) - 0.5 * std::log(0.75);

TEST(SoftCrossEntropy, WeighsTheLogarithmsOfTheStudentByTheTeacher) {
  EXPECT_NEAR(value(kStudent, kTeacher, {{"temperature", 1}}), kEntropy, 1e-12);
  EXPECT_NEAR(value(kStudent.repeat({3, 1}), kTeacher.repeat({3, 1}), {{"temperature", 1}}), kEntropy, 1e-12);
}

TEST(SoftCrossEntropy, SoftensBothSidesAndScalesByTheSquareOfTheTemperature) {
  EXPECT_NEAR(value(4 * kStudent, 4 * kTeacher, {}), 16 * kEntropy, 1e-12);  // T is 4 by default
  EXPECT_NEAR(value(2 * kStudent, 2 * kTeacher, {{"temperature", 2}, {"scale_by_t2", false}}), kEntropy, 1e-12);
}

TEST(SoftCrossEntropy, SumsOrAverages) {
  const auto student = kStudent.repeat({3, 1}), teacher = kTeacher.repeat({3, 1});
  EXPECT_NEAR(value(student, teacher, {{"temperature", 1}, {"reduction", "sum"}}), 3 * kEntropy, 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"temperature", 1}, {"reduction", "mean"}}), kEntropy / 2, 1e-12);
}

TEST(SoftCrossEntropy, HasNoLimits) {
  for (const double temperature : {0.0, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(plugin.loss("soft_cross_entropy", {{"temperature", temperature}}), retort::InvalidParameter);
  }
}

TEST(SoftCrossEntropy, NamesBothShapes) {
  try {
    value(torch::zeros({4, 10}), torch::zeros({4, 12}), {});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found 4x10 and 4x12"));
  }
}

TEST(SoftCrossEntropy, KeepsTheContract) {
  for (const char* reduction : {"batchmean", "sum", "mean"}) {
    for (const double temperature : {0.5, 4.0, 20.0}) {
      EXPECT_THAT(retort::testing::check_loss(plugin, "soft_cross_entropy",
                                              {{"temperature", temperature}, {"reduction", reduction}}),
                  IsEmpty());
    }
  }
  EXPECT_THAT(retort::testing::check_loss(plugin, "soft_cross_entropy", {{"scale_by_t2", false}}), IsEmpty());
}

}  // namespace
