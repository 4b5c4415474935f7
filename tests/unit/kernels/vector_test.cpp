// The functions of retort/kernels/vector.hpp against the C library's in float64, whole vectors and what is left of
// them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <c10/util/BFloat16.h>

#include "vector_test_kernel.hpp"

RETORT_DEFINE_KERNEL(retort_vector_functions)

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kOdd = 1003;  // a multiple of no vector's length

VectorFunctions functions() {
  return at::native::retort_vector_functions(c10::kCPU);
}

std::vector<float> between(double first, double last) {
  std::vector<float> values(kOdd);
  for (std::size_t i = 0; i < kOdd; ++i) {
    values[i] = static_cast<float>(first + (last - first) * static_cast<double>(i) / (kOdd - 1));
  }
  return values;
}

// Beyond the end the output must stay as it was.
std::vector<float> applied(void (*function)(const float*, std::int64_t, float*), const std::vector<float>& x) {
  std::vector<float> out(x.size() + 16, 42.0f);
  function(x.data(), static_cast<std::int64_t>(x.size()), out.data());
  for (std::size_t i = x.size(); i < out.size(); ++i) EXPECT_EQ(out[i], 42.0f);
  out.resize(x.size());
  return out;
}

void expect_relative(const std::vector<float>& actual, const std::vector<float>& x, double (*exact)(double),
                     double tolerance) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = exact(x[i]);
    EXPECT_NEAR(actual[i], expected, tolerance * std::abs(expected)) << x[i];
  }
}

TEST(VectorExp, IsExactToWithinRounding) {
  const auto x = between(-87.0, 88.0);
  expect_relative(applied(functions().exp, x), x, std::exp, 2e-7);
}

TEST(VectorExp, RunsOutAtBothEndsAndKeepsNaN) {
  const float payload = std::nanf("1");
  const auto out = applied(functions().exp, {-88.0f, -1000.0f, -kInfinity, 89.0f, 1000.0f, kInfinity, payload, 0.0f});
  EXPECT_EQ(std::vector<float>(out.begin(), out.begin() + 3), std::vector<float>(3, 0.0f));
  EXPECT_EQ(std::vector<float>(out.begin() + 3, out.begin() + 6), std::vector<float>(3, kInfinity));
  EXPECT_TRUE(std::isnan(out[6]));
  EXPECT_EQ(out[7], 1.0f);
}

TEST(VectorExp2, IsExactToWithinRounding) {
  const auto x = between(-126.0, 0.0);
  expect_relative(applied(functions().exp2_of_negative, x), x, std::exp2, 2e-7);
}

TEST(VectorExp2, RunsOutAndKeepsNaN) {
  const auto out =
      applied(functions().exp2_of_negative, {-127.0f, -1000.0f, -kInfinity, std::nanf("1"), 0.0f, -0.0f, -1.0f});
  EXPECT_EQ(std::vector<float>(out.begin(), out.begin() + 3), std::vector<float>(3, 0.0f));
  EXPECT_TRUE(std::isnan(out[3]));
  EXPECT_EQ(std::vector<float>(out.begin() + 4, out.end()), (std::vector<float>{1.0f, 1.0f, 0.5f}));
}

TEST(VectorLog, IsExactToWithinRounding) {
  std::vector<float> x = between(1e-30, 1.0);
  for (const float value : between(1.0, 1e30)) x.push_back(value);
  const auto actual = applied(functions().log, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = std::log(static_cast<double>(x[i]));
    EXPECT_NEAR(actual[i], expected, 2e-7 * std::max(1.0, std::abs(expected))) << x[i];
  }
}

TEST(VectorBFloat16, RoundsToTheNearestEven) {
  std::vector<float> x = between(-3.0, 3.0);
  x.insert(x.end(), {0.0f, -0.0f, kInfinity, -kInfinity, 1.00390625f, 1.01171875f, 3.4e38f});
  std::vector<std::uint16_t> out(x.size() + 16, 7);
  functions().through_bfloat16(x.data(), static_cast<std::int64_t>(x.size()), out.data());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(out[i], c10::BFloat16(x[i]).x) << x[i];
  for (std::size_t i = x.size(); i < out.size(); ++i) EXPECT_EQ(out[i], 7);
}

// Every length: the elements behind the last are neither read nor counted.
TEST(VectorSums, AreThoseOfTheElementsThatThereAre) {
  for (std::int64_t size = 1; size <= 40; ++size) {
    const std::vector<float> x(static_cast<std::size_t>(size), -2.0f);
    EXPECT_EQ(functions().sum(x.data(), size), -static_cast<float>(size));
    EXPECT_EQ(functions().max(x.data(), size), -2.0f);
  }
  std::vector<float> x = between(-5.0, 4.0);
  EXPECT_EQ(functions().max(x.data(), static_cast<std::int64_t>(x.size())), 4.0f);
}

}  // namespace
