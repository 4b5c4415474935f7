#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

#include "../kernel_tests.hpp"

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& logits, const torch::Tensor& target, const retort::Table& options = {}) {
  const auto loss = plugin.loss("cross_entropy", options);
  return loss->forward({.student = retort::Features({logits}), .target = target}).item<double>();
}

// softmax of {0, log 3} is {1/4, 3/4}
const torch::Tensor kLogits = torch::tensor({{0.0, std::log(3.0)}}, torch::kFloat64);
const torch::Tensor kLabel = torch::tensor({1});

TEST(CrossEntropy, IsMinusTheLogarithmOfTheLabelsProbability) {
  EXPECT_NEAR(value(kLogits, kLabel), -std::log(0.75), 1e-12);
  EXPECT_NEAR(value(kLogits.repeat({2, 1}), torch::tensor({0, 1})), -(std::log(0.25) + std::log(0.75)) / 2, 1e-12);
}

TEST(CrossEntropy, TakesProbabilities) {
  const auto target = torch::tensor({{0.25, 0.75}}, torch::kFloat64);
  EXPECT_NEAR(value(kLogits, target), -0.25 * std::log(0.25) - 0.75 * std::log(0.75), 1e-12);
  EXPECT_NEAR(value(kLogits, target.to(torch::kFloat32)), value(kLogits, target), 1e-7);
}

TEST(CrossEntropy, SmoothsTheLabelOverAllClasses) {
  EXPECT_NEAR(value(kLogits, kLabel, {{"label_smoothing", 0.2}}), -0.1 * std::log(0.25) - 0.9 * std::log(0.75), 1e-12);
  EXPECT_THROW(plugin.loss("cross_entropy", {{"label_smoothing", 1.0}}), retort::InvalidParameter);
}

TEST(CrossEntropy, NamesBothShapes) {
  try {
    value(torch::zeros({4, 10}), torch::zeros({5}, torch::kInt64));
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found 4x10 and 5"));
  }
}

TEST(CrossEntropy, NeedsATarget) {
  EXPECT_THROW(value(kLogits, torch::Tensor()), retort::Error);
}

TEST(CrossEntropy, IsTheSameInOnePass) {
  for (const auto classes : kClassCounts) {
    const auto labels = torch::tensor({0L, classes - 1, classes / 2, retort::kWithheldLabel, 0L});
    const retort::LossInputs in{.student = retort::Features({logits_for_kernels(5, classes, 1)}), .target = labels};
    expect_kernel_agrees(plugin, "cross_entropy", {}, in, 5e-6);
    expect_kernel_agrees(plugin, "cross_entropy", {{"label_smoothing", 0.2}}, in, 5e-6);
  }
}

TEST(CrossEntropy, WithoutAnyLabelIsZeroInOnePassToo) {
  const retort::LossInputs in{.student = retort::Features({logits_for_kernels(3, 10, 1)}),
                              .target = torch::full({3}, retort::kWithheldLabel)};
  const auto result = evaluate_in(plugin, "cross_entropy", {}, in, torch::kFloat);
  EXPECT_EQ(result.value.item<double>(), 0);
  EXPECT_TRUE(torch::equal(result.gradient, torch::zeros({3, 10})));
}

TEST(CrossEntropy, NamesALabelThatIsNoClass) {
  try {
    value(torch::zeros({2, 10}), torch::tensor({3, 10}));
    FAIL() << "accepted";
  } catch (const retort::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("label 10 is none of the 10 classes"));
  }
}

TEST(CrossEntropy, GivesTheSameBitsWithTheSameThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const retort::LossInputs in{.student = retort::Features({logits_for_kernels(64, 1000, 1)}),
                              .target = torch::arange(64)};
  const auto first = evaluate_in(plugin, "cross_entropy", {}, in, torch::kFloat);
  const auto again = evaluate_in(plugin, "cross_entropy", {}, in, torch::kFloat);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(first.value, again.value));
  EXPECT_TRUE(torch::equal(first.gradient, again.gradient));
}

TEST(CrossEntropy, IsTheSameInOnePassOnAGpu) {
  if (!retort::testing::gpu_present()) GTEST_SKIP() << "no GPU";
  for (const auto classes : kClassCounts) {
    const auto labels = torch::tensor({0L, classes - 1, classes / 2, retort::kWithheldLabel, 0L});
    const retort::LossInputs in{.student = retort::Features({logits_for_kernels(5, classes, 1)}), .target = labels};
    expect_kernel_agrees(plugin, "cross_entropy", {{"label_smoothing", 0.2}}, in, 2e-5, torch::kCUDA);
  }
}

TEST(CrossEntropy, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_loss(plugin, "cross_entropy"), IsEmpty());
  EXPECT_THAT(retort::testing::check_loss(plugin, "cross_entropy", {{"label_smoothing", 0.1}}), IsEmpty());
}

}  // namespace
