#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>
#include <limits>

#include "../kernel_tests.hpp"

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);
const double kInf = std::numeric_limits<double>::infinity();

retort::LossInputs inputs(const torch::Tensor& student, const torch::Tensor& teacher) {
  return {.student = retort::Features({student}), .teacher = retort::Features({teacher})};
}

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options) {
  return plugin.loss("kl_divergence", options)->forward(inputs(student, teacher)).item<double>();
}

torch::Tensor gradient(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options) {
  const auto leaf = student.clone().requires_grad_(true);
  plugin.loss("kl_divergence", options)->forward(inputs(leaf, teacher)).backward();
  return leaf.grad();
}

struct Logits {
  torch::Tensor student, teacher;
};

Logits random_logits(std::int64_t batch, std::int64_t classes, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  const auto draw = [&] { return 2 * torch::randn({batch, classes}, generator, torch::kFloat64); };
  return {draw(), draw()};
}

// softmax: {1/2, 1/2} and {1/4, 3/4}
const torch::Tensor kStudent = torch::zeros({1, 2}, torch::kFloat64);
const torch::Tensor kTeacher = torch::tensor({{0.0, std::log(3.0)}}, torch::kFloat64);
const double kDivergence = 0.25 * std::log(0.5) + 0.75 * std::log(1.5);

TEST(KlDivergence, IsOfTheStudentFromTheTeacher) {
  EXPECT_NEAR(value(kStudent, kTeacher, {{"temperature", 1}}), kDivergence, 1e-12);
}

TEST(KlDivergence, IsOfTheTeacherFromTheStudentInTheOtherDirection) {
  const double reverse = 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3.0);
  EXPECT_NEAR(value(kStudent, kTeacher, {{"temperature", 1}, {"direction", "student_teacher"}}), reverse, 1e-12);
}

TEST(KlDivergence, IsTheMeanOverTheBatch) {
  EXPECT_NEAR(value(kStudent.repeat({3, 1}), kTeacher.repeat({3, 1}), {{"temperature", 1}}), kDivergence, 1e-12);
}

TEST(KlDivergence, SumsOrAverages) {
  const auto student = kStudent.repeat({3, 1}), teacher = kTeacher.repeat({3, 1});
  EXPECT_NEAR(value(student, teacher, {{"temperature", 1}, {"reduction", "sum"}}), 3 * kDivergence, 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"temperature", 1}, {"reduction", "mean"}}), kDivergence / 2, 1e-12);
  // Differences -log 3 / 2 and log 3 / 2 from their mean.
  const double limit = std::pow(std::log(3.0) / 2, 2) / 2;
  EXPECT_NEAR(value(student, teacher, {{"temperature", kInf}, {"reduction", "sum"}}), 3 * limit, 1e-12);
  EXPECT_NEAR(value(student, teacher, {{"temperature", kInf}, {"reduction", "mean"}}), limit / 2, 1e-12);
}

TEST(KlDivergence, SoftensBothSidesAndScalesByTheSquareOfTheTemperature) {
  EXPECT_NEAR(value(2 * kStudent, 2 * kTeacher, {{"temperature", 2}}), 4 * kDivergence, 1e-12);
  EXPECT_NEAR(value(2 * kStudent, 2 * kTeacher, {{"temperature", 2}, {"scale_by_t2", false}}), kDivergence, 1e-12);
  EXPECT_NEAR(value(4 * kStudent, 4 * kTeacher, {}), 16 * kDivergence, 1e-12);  // T is 4 by default
}

TEST(KlDivergence, TendsToItsLimitAtHighTemperature) {
  const auto [student, teacher] = random_logits(8, 100, 1);
  for (const char* direction : {"teacher_student", "student_teacher"}) {
    const double limit = value(student, teacher, {{"temperature", kInf}, {"direction", direction}});
    EXPECT_NEAR(value(student, teacher, {{"temperature", 1e5}, {"direction", direction}}), limit, 1e-4 * limit);
    EXPECT_TRUE(torch::allclose(gradient(student, teacher, {{"temperature", 1e5}, {"direction", direction}}),
                                gradient(student, teacher, {{"temperature", kInf}, {"direction", direction}}), 1e-3,
                                1e-7));
  }
}

// The gradient that Kim et al. code by hand: (K d_k - sum d) / K^2 / N.
TEST(KlDivergence, HasThePublishedGradientAtInfiniteTemperature) {
  const auto [student, teacher] = random_logits(5, 7, 2);
  const auto d = student - teacher;
  const auto published = (7 * d - d.sum(1, true)) / (7 * 7) / 5;
  EXPECT_TRUE(torch::allclose(gradient(student, teacher, {{"temperature", kInf}}), published, 1e-12, 1e-15));
}

TEST(KlDivergence, IsHalfTheMeanSquaredErrorAtInfiniteTemperatureUpToTheMeans) {
  const auto [student, teacher] = random_logits(8, 100, 3);
  const double mse = torch::mse_loss(student, teacher).item<double>();
  const double shift = (student - teacher).mean(1).square().mean().item<double>();
  EXPECT_NEAR(mse, 2 * value(student, teacher, {{"temperature", kInf}}) + shift, 1e-12 * mse);
}

TEST(KlDivergence, MatchesTheTopClassAtTemperatureZero) {
  const auto student = torch::tensor({{3.0, 1.0, 0.0}, {0.0, 5.0, 1.0}}, torch::kFloat64);
  const auto teacher = torch::tensor({{0.0, 2.0, 1.0}, {1.0, 2.0, 0.0}}, torch::kFloat64);
  EXPECT_DOUBLE_EQ(value(student, teacher, {{"temperature", 0}}), ((3 - 1) + (5 - 5)) / 2.0);
  const auto expected = torch::tensor({{0.5, -0.5, 0.0}, {0.0, 0.0, 0.0}}, torch::kFloat64);
  EXPECT_TRUE(torch::equal(gradient(student, teacher, {{"temperature", 0}}), expected));
}

TEST(KlDivergence, DividedByTheTemperatureTendsToTheLimitAtZero) {
  const auto [student, teacher] = random_logits(6, 5, 4);
  const double t = 1e-3;
  EXPECT_NEAR(value(student, teacher, {{"temperature", t}}) / t, value(student, teacher, {{"temperature", 0}}), 1e-9);
  EXPECT_TRUE(torch::allclose(gradient(student, teacher, {{"temperature", t}}) / t,
                              gradient(student, teacher, {{"temperature", 0}}), 0, 1e-9));
}

TEST(KlDivergence, RefusesTemperaturesThatAreNone) {
  for (const double temperature : {-1.0, -kInf, std::nan("")}) {
    EXPECT_THROW(plugin.loss("kl_divergence", {{"temperature", temperature}}), retort::InvalidParameter);
  }
}

TEST(KlDivergence, RefusesLimitsThatAreNone) {
  const auto refusal = [](const retort::Table& options) -> std::string {
    try {
      plugin.loss("kl_divergence", options);
    } catch (const retort::InvalidParameter& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal({{"temperature", kInf}, {"scale_by_t2", false}}), HasSubstr("needs scale_by_t2 = true"));
  EXPECT_THAT(refusal({{"temperature", 0}, {"scale_by_t2", false}}), HasSubstr("needs scale_by_t2 = true"));
  EXPECT_THAT(refusal({{"temperature", 0}, {"direction", "student_teacher"}}), HasSubstr("direction"));
}

TEST(KlDivergence, ChangesItsTemperatureWhileTraining) {
  const auto [student, teacher] = random_logits(4, 6, 5);
  const auto loss = plugin.loss("kl_divergence", {{"temperature", 8}});
  for (const double temperature : {1.0, 0.0, kInf, 8.0}) {
    loss->set("temperature", temperature);
    EXPECT_EQ(loss->forward(inputs(student, teacher)).item<double>(),
              value(student, teacher, {{"temperature", temperature}}));
  }
  EXPECT_THROW(loss->set("scale_by_t2", 1), retort::InvalidParameter);
}

TEST(KlDivergence, NamesBothShapes) {
  try {
    value(torch::zeros({4, 10}), torch::zeros({4, 12}), {});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found 4x10 and 4x12"));
  }
}

TEST(KlDivergence, IsTheSameInOnePass) {
  for (const auto classes : kClassCounts) {
    const auto in = inputs(logits_for_kernels(5, classes, 1), logits_for_kernels(5, classes, 2));
    for (const double temperature : {0.5, 1.0, 4.0, 20.0}) {
      expect_kernel_agrees(plugin, "kl_divergence", {{"temperature", temperature}}, in, 2e-5);
    }
    expect_kernel_agrees(plugin, "kl_divergence", {{"scale_by_t2", false}, {"reduction", "sum"}}, in, 2e-5);
    expect_kernel_agrees(plugin, "kl_divergence", {{"reduction", "mean"}}, in, 2e-5);
  }
}

TEST(KlDivergence, TakesAStudentAndATeacherOfDifferentTypesAndMoreDimensions) {
  const auto in = inputs(logits_for_kernels(6, 35, 1).view({2, 3, 35}), logits_for_kernels(6, 35, 2).view({2, 3, 35}));
  const auto expected = evaluate_in(plugin, "kl_divergence", {}, in, torch::kFloat64);
  for (const auto student : {torch::kFloat, torch::kBFloat16}) {
    for (const auto teacher : {torch::kFloat, torch::kBFloat16}) {
      const auto actual = evaluate_in(plugin, "kl_divergence", {}, in, student, 1, teacher);
      EXPECT_EQ(actual.value.scalar_type(), torch::kFloat);
      EXPECT_NEAR(actual.value.item<double>(), expected.value.item<double>(), 1e-4);
      EXPECT_TRUE(torch::allclose(actual.gradient.to(torch::kFloat64), expected.gradient, 1e-2, 1e-3));
    }
  }
}

TEST(KlDivergence, TakesTransposedLogits) {
  const auto student = logits_for_kernels(20, 6, 1).to(torch::kFloat), teacher = logits_for_kernels(20, 6, 2);
  const auto direct = gradient(student.t().contiguous(), teacher.t().to(torch::kFloat).contiguous(), {});
  EXPECT_TRUE(torch::equal(gradient(student.t(), teacher.to(torch::kFloat).t(), {}), direct));
}

TEST(KlDivergence, HasNoGradientWhereNoneIsWanted) {
  const auto leaf = logits_for_kernels(4, 10, 1).to(torch::kFloat).requires_grad_(true);
  const torch::NoGradGuard no_grad;
  const auto value = plugin.loss("kl_divergence", {})->forward(inputs(leaf, leaf.detach() + 1));
  EXPECT_FALSE(value.requires_grad());
  EXPECT_NEAR(value.item<double>(), 0, 1e-5);
}

TEST(KlDivergence, IsTheSameInOnePassOnAGpu) {
  if (!retort::testing::gpu_present()) GTEST_SKIP() << "no GPU";
  for (const auto classes : kClassCounts) {
    const auto in = inputs(logits_for_kernels(5, classes, 1), logits_for_kernels(5, classes, 2));
    expect_kernel_agrees(plugin, "kl_divergence", {}, in, 5e-5, torch::kCUDA);
  }
}

TEST(KlDivergence, KeepsTheContract) {
  for (const double temperature : {0.0, 0.5, 1.0, 4.0, 20.0, kInf}) {
    EXPECT_THAT(retort::testing::check_loss(plugin, "kl_divergence", {{"temperature", temperature}}), IsEmpty());
  }
  EXPECT_THAT(retort::testing::check_loss(plugin, "kl_divergence", {{"scale_by_t2", false}}), IsEmpty());
  EXPECT_THAT(retort::testing::check_loss(plugin, "kl_divergence", {{"direction", "student_teacher"}}), IsEmpty());
  for (const char* reduction : {"sum", "mean"}) {
    EXPECT_THAT(retort::testing::check_loss(plugin, "kl_divergence", {{"reduction", reduction}}), IsEmpty());
  }
}

}  // namespace
