#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher) {
  const auto loss = plugin.loss("logit_regression");
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

TEST(LogitRegression, HalvesTheSumOverClassesAndAveragesOverTheBatch) {
  const auto student = torch::tensor({{1.0, 2.0, 0.0}, {3.0, -1.0, 1.0}}, torch::kFloat64);
  EXPECT_DOUBLE_EQ(value(student, torch::zeros_like(student)), ((1 + 4) / 2.0 + (9 + 1 + 1) / 2.0) / 2);
}

TEST(LogitRegression, RefusesToBroadcast) {
  EXPECT_THROW(value(torch::zeros({4, 10}), torch::zeros({4, 1})), retort::ShapeError);
}

TEST(LogitRegression, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_loss(plugin, "logit_regression"), IsEmpty());
}

}  // namespace
