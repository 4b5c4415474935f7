#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

#include "../kernel_tests.hpp"

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

retort::LossInputs features(at::IntArrayRef sizes, double teacher_mean = 0) {
  auto generator = at::detail::createCPUGenerator(3);
  const auto draw = [&](double mean) {
    return (torch::randn(sizes, generator) + mean).to(torch::kBFloat16).to(torch::kFloat64);
  };
  return {.student = retort::Features({draw(0.5)}), .teacher = retort::Features({draw(teacher_mean)})};
}

const std::vector<std::vector<std::int64_t>> kSizes{{5, 1}, {4, 7}, {300, 16}, {6, 64}, {3, 130}, {4, 3, 5, 5}};

TEST(LogSum, IsTheSameInOnePass) {
  for (const auto& sizes : kSizes) {
    for (const double alpha : {1.0, 1.5, 2.0, 3.0, 4.0, 5.5}) {
      expect_kernel_agrees(plugin, "logsum", {{"alpha", alpha}}, features(sizes), 1e-5);
    }
    expect_kernel_agrees(plugin, "logsum", {{"reduce", "mean"}, {"eps", 0.1}}, features(sizes), 1e-5);
  }
}

TEST(LogSum, HasNoGradientFromEqualFeaturesOnceEpsIsGiven) {
  const auto same = torch::ones({2, 3}, torch::kFloat).requires_grad_(true);
  for (const double alpha : {1.0, 1.5, 2.0, 4.0}) {
    same.mutable_grad() = torch::Tensor();
    const retort::LossInputs in{.student = retort::Features({same}),
                                .teacher = retort::Features({torch::ones({2, 3})})};
    plugin.loss("logsum", {{"alpha", alpha}, {"eps", 1.0}})->forward(in).backward();
    EXPECT_TRUE(torch::equal(same.grad(), torch::zeros({2, 3}))) << alpha;
  }
}

// The loss with the normalization inside against the loss of features that were normalised before, as float64.
Evaluation normalised_before(const retort::LossInputs& in, const retort::Table& options, double eps) {
  const auto norm = [&](const torch::Tensor& x) { return torch::batch_norm(x, {}, {}, {}, {}, true, 0.0, eps, true); };
  const auto student = in.student.single().to(torch::kFloat64, false, true).set_requires_grad(true);
  const retort::LossInputs normalised{.student = retort::Features({norm(student)}),
                                      .teacher = retort::Features({norm(in.teacher.single())})};
  const auto value = plugin.loss("logsum", options)->forward(normalised);
  value.backward();
  return {value.detach(), student.grad()};
}

Evaluation normalised_inside(const retort::LossInputs& in, const retort::Table& options,
                             const retort::Table& normalization, torch::ScalarType type, double factor) {
  const auto loss = plugin.loss("logsum", options);
  EXPECT_TRUE(loss->absorb("batch_norm", normalization));
  const auto student = in.student.single().to(type, false, true).set_requires_grad(true);
  const auto value = loss->forward(
      {.student = retort::Features({student}), .teacher = retort::Features({in.teacher.single().to(type)})});
  value.backward(torch::full({}, factor, value.options()));
  return {value.detach(), student.grad()};
}

TEST(LogSum, TakesOverTheBatchNormalizationOfBothSides) {
  for (const auto& sizes : kSizes) {
    if (sizes[1] == 1) continue;
    const auto in = features(sizes, 2);
    for (const double alpha : {2.0, 2.5, 4.0}) {
      const retort::Table options{{"alpha", alpha}};
      const auto expected = normalised_before(in, options, 1e-3);
      const double largest = expected.gradient.abs().max().item<double>();
      for (const auto type : {torch::kFloat64, torch::kFloat, torch::kBFloat16}) {
        const auto actual = normalised_inside(in, options, {{"eps", 1e-3}}, type, 0.5);
        EXPECT_NEAR(actual.value.item<double>(), expected.value.item<double>(), 2e-5);
        const double error = (actual.gradient.to(torch::kFloat64) - 0.5 * expected.gradient).abs().max().item<double>();
        EXPECT_LE(error, largest * (type == torch::kBFloat16 ? 1.0 / 128 : 5e-5)) << sizes << " " << alpha;
      }
    }
  }
}

TEST(LogSum, AbsorbsWithTheDefaultOfBatchNorm) {
  const auto in = features({8, 4});
  const auto actual = normalised_inside(in, {}, {}, torch::kFloat, 1);
  EXPECT_NEAR(actual.value.item<double>(), normalised_before(in, {}, 1e-4).value.item<double>(), 1e-5);
}

TEST(LogSum, LeavesOtherNormalizationsAlone) {
  EXPECT_FALSE(plugin.loss("logsum", {})->absorb("layer_norm", {}));
  EXPECT_FALSE(plugin.loss("logsum", {})->absorb("batch_norm", {{"momentum", 0.1}}));
  EXPECT_FALSE(plugin.loss("logsum", {{"form", "correlation"}})->absorb("batch_norm", {}));
}

TEST(LogSum, IsTheSameInOnePassOnAGpu) {
  if (!retort::testing::gpu_present()) GTEST_SKIP() << "no GPU";
  for (const auto& sizes : kSizes) {
    for (const double alpha : {1.5, 2.0, 4.0}) {
      expect_kernel_agrees(plugin, "logsum", {{"alpha", alpha}}, features(sizes), 2e-5, torch::kCUDA);
    }
  }
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
