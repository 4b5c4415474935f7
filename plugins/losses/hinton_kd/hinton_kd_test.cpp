#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

#include "../kernel_tests.hpp"

using retort::testing::check_loss;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const torch::Tensor& labels,
             const retort::Table& options) {
  const auto loss = plugin.loss("hinton_kd", options);
  return loss
      ->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher}), .target = labels})
      .item<double>();
}

// softmax: {1/2, 1/2} and {1/4, 3/4}
const torch::Tensor kStudent = torch::zeros({1, 2}, torch::kFloat64);
const torch::Tensor kTeacher = torch::tensor({{0.0, std::log(3.0)}}, torch::kFloat64);
const torch::Tensor kLabel = torch::tensor({1});
const double kDivergence = 0.25 * std::log(0.5) + 0.75 * std::log(1.5);

TEST(HintonKd, AddsTheDivergenceAndTheCrossEntropy) {
  for (const auto type : {torch::kFloat64, torch::kFloat}) {
    const auto student = kStudent.to(type), teacher = kTeacher.to(type);
    EXPECT_NEAR(value(student, teacher, kLabel, {{"temperature", 1}, {"soft_weight", 2}, {"hard_weight", 3}}),
                2 * kDivergence + 3 * std::log(2.0), 1e-6);
    EXPECT_NEAR(value(4 * student, 4 * teacher, kLabel, {}), 0.9 * 16 * kDivergence + 0.1 * std::log(2.0), 1e-5);
    EXPECT_NEAR(value(4 * student, 4 * teacher, kLabel, {{"scale_by_t2", false}}),
                0.9 * kDivergence + 0.1 * std::log(2.0), 1e-6);
  }
}

TEST(HintonKd, CountsWithheldLabelsInTheSoftPartAlone) {
  const auto labels = torch::tensor({std::int64_t{1}, retort::kWithheldLabel});
  for (const auto type : {torch::kFloat64, torch::kFloat}) {
    EXPECT_NEAR(value(kStudent.repeat({2, 1}).to(type), kTeacher.repeat({2, 1}).to(type), labels,
                      {{"temperature", 1}, {"soft_weight", 1}, {"hard_weight", 1}}),
                kDivergence + std::log(2.0), 1e-6);
  }
}

TEST(HintonKd, IsTheSameInOnePass) {
  for (const auto classes : kClassCounts) {
    const retort::LossInputs in{.student = retort::Features({logits_for_kernels(5, classes, 1)}),
                                .teacher = retort::Features({logits_for_kernels(5, classes, 2)}),
                                .target = torch::tensor({0L, classes - 1, classes / 2, retort::kWithheldLabel, 0L})};
    for (const double temperature : {0.5, 1.0, 2.0, 3.0, 4.0}) {
      expect_kernel_agrees(plugin, "hinton_kd", {{"temperature", temperature}}, in, 1e-5);
    }
    expect_kernel_agrees(plugin, "hinton_kd", {{"label_smoothing", 0.1}, {"hard_weight", 2}}, in, 1e-5);
    expect_kernel_agrees(plugin, "hinton_kd", {{"soft_weight", 0}, {"hard_weight", 1}}, in, 1e-5);
  }
}

TEST(HintonKd, SaysWhatItTakes) {
  const auto refusal = [](const torch::Tensor& labels) -> std::string {
    try {
      value(torch::zeros({4, 10}), torch::zeros({4, 10}), labels, {});
    } catch (const retort::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal({}), HasSubstr("needs labels"));
  EXPECT_THAT(refusal(torch::zeros({5}, torch::kInt64)), HasSubstr("found 4x10 and 5"));
  EXPECT_THAT(refusal(torch::zeros({4, 10})), HasSubstr("probabilities 4x10"));
  EXPECT_THROW(plugin.loss("hinton_kd", {{"temperature", 0}}), retort::InvalidParameter);
}

TEST(HintonKd, IsTheSameInOnePassOnAGpu) {
  if (!retort::testing::gpu_present()) GTEST_SKIP() << "no GPU";
  for (const auto classes : kClassCounts) {
    const retort::LossInputs in{.student = retort::Features({logits_for_kernels(5, classes, 1)}),
                                .teacher = retort::Features({logits_for_kernels(5, classes, 2)}),
                                .target = torch::tensor({0L, classes - 1, classes / 2, retort::kWithheldLabel, 0L})};
    expect_kernel_agrees(plugin, "hinton_kd", {}, in, 5e-5, torch::kCUDA);
  }
}

TEST(HintonKd, KeepsTheContract) {
  EXPECT_THAT(check_loss(plugin, "hinton_kd"), IsEmpty());
  EXPECT_THAT(check_loss(plugin, "hinton_kd", {{"temperature", 0.5}, {"label_smoothing", 0.1}}), IsEmpty());
  EXPECT_THAT(check_loss(plugin, "hinton_kd", {{"scale_by_t2", false}, {"hard_weight", 0}}), IsEmpty());
}

}  // namespace
