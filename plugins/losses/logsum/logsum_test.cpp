#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

using retort::testing::check_loss;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options = {}) {
  const auto loss = plugin.loss("logsum", options);
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

TEST(LogSum, ReadsThePenultimateFeatures) {
  const auto& descriptor = plugin.component(retort::Kind::Loss, "logsum").descriptor;
  EXPECT_EQ(descriptor.student_tap, "penultimate");
  EXPECT_EQ(descriptor.teacher_tap, "penultimate");
}

TEST(LogSum, DifferenceSumsOverBatchAndDimensions) {
  const auto student = torch::tensor({{1.0, 0.0}, {0.0, -2.0}}, torch::kFloat64);
  const auto teacher = torch::zeros_like(student);
  EXPECT_NEAR(value(student, teacher), std::log(1 + 16), 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"alpha", 3}}), std::log(1 + 8), 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"reduce", "mean"}}), std::log(17 / 4.0), 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"eps", 3}}), std::log(20), 1e-12);
}

TEST(LogSum, DifferenceOfEqualFeaturesIsMinusInfinityUnlessEpsIsGiven) {
  const auto features = torch::ones({2, 3}, torch::kFloat64);
  EXPECT_EQ(value(features, features), -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(value(features, features, {{"eps", 1e-5}}), std::log(1e-5), 1e-12);
}

TEST(LogSum, CorrelationComparesEachDimensionsMeanProductWithOne) {
  const auto student = torch::tensor({{1.0, 2.0}, {3.0, -1.0}}, torch::kFloat64);
  const auto teacher = torch::ones_like(student);  // correlations: 2 and 1/2
  const retort::Value form = "correlation";
  EXPECT_NEAR(value(student, teacher, {{"form", form}}), std::log(1 + 0.0625 + 1e-5), 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"form", form}, {"eps", 0}}), std::log(1.0625), 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"form", form}, {"eps", 0}, {"reduce", "mean"}}), std::log(1.0625 / 2), 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"form", form}, {"eps", 0}, {"alpha", 2}}), std::log(1.25), 1e-12);
}

TEST(LogSum, RefusesToBroadcast) {
  EXPECT_THROW(value(torch::zeros({4, 10}), torch::zeros({1, 10})), retort::ShapeError);
}

TEST(LogSum, KeepsTheContract) {
  for (const char* form : {"difference", "correlation"}) {
    for (const double alpha : {1.5, 2.0, 4.0}) {
      EXPECT_THAT(check_loss(plugin, "logsum", {{"form", form}, {"alpha", alpha}}), IsEmpty());
    }
    EXPECT_THAT(check_loss(plugin, "logsum", {{"form", form}, {"reduce", "mean"}, {"eps", 0.1}}), IsEmpty());
  }
}

}  // namespace
