#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options = {}) {
  const auto loss = plugin.loss("mse_logits", options);
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

TEST(MseLogits, IsTheMeanOverBatchAndClasses) {
  const auto student = torch::tensor({{1.0, 2.0}, {3.0, -1.0}}, torch::kFloat64);
  EXPECT_DOUBLE_EQ(value(student, torch::zeros_like(student)), (1 + 4 + 9 + 1) / 4.0);
  EXPECT_DOUBLE_EQ(value(student, student), 0);
}

// Centred, the rows are {-1/2, 1/2} and {2, -2}.
TEST(MseLogits, CentredDoesNotSeeAShiftOfEitherSide) {
  const auto student = torch::tensor({{1.0, 2.0}, {3.0, -1.0}}, torch::kFloat64);
  const auto shift = torch::tensor({{7.0}, {-5.0}}, torch::kFloat64);
  const retort::Table centered{{"centered", true}};
  EXPECT_DOUBLE_EQ(value(student, torch::zeros_like(student), centered), (0.25 + 0.25 + 4 + 4) / 4);
  EXPECT_DOUBLE_EQ(value(student + shift, torch::zeros_like(student) - shift, centered), (0.25 + 0.25 + 4 + 4) / 4);
}

TEST(MseLogits, RefusesToBroadcast) {
  EXPECT_THROW(value(torch::zeros({4, 10}), torch::zeros({4, 1})), retort::ShapeError);
}

TEST(MseLogits, KeepsTheContract) {
  for (const bool centered : {false, true}) {
    EXPECT_THAT(retort::testing::check_loss(plugin, "mse_logits", {{"centered", centered}}), IsEmpty());
  }
}

}  // namespace
