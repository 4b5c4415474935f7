#include "inspect/soften.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace retort::inspect {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> softened(const std::vector<double>& logits, double temperature) {
  const torch::Tensor result = soften(torch::tensor(logits, torch::kDouble), temperature);
  return {result.data_ptr<double>(), result.data_ptr<double>() + result.numel()};
}

TEST(Soften, IsTheSoftmaxOfTheDividedLogits) {
  for (const double temperature : {0.5, 1.0, 2.0, 4.0, 20.0, 1e6}) {
    const double a = std::exp(6 / temperature - 6 / temperature), b = std::exp(-3 / temperature),
                 c = std::exp(-5 / temperature);
    const auto found = softened({6, 3, 1}, temperature);
    EXPECT_NEAR(found[0], a / (a + b + c), 1e-15);
    EXPECT_NEAR(found[1], b / (a + b + c), 1e-15);
    EXPECT_NEAR(found[2], c / (a + b + c), 1e-15);
  }
}

TEST(Soften, AtZeroIsTheLargest) {
  EXPECT_EQ(softened({3, 6, 1}, 0.0), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(softened({6, 6, 1}, 0.0), (std::vector<double>{0.5, 0.5, 0})) << "the limit of a tie";
}

TEST(Soften, AtInfinityIsUniform) {
  EXPECT_EQ(softened({6, 3, 1, -1e9}, kInfinity), (std::vector<double>{0.25, 0.25, 0.25, 0.25}));
}

TEST(Soften, SmallTemperaturesDoNotOverflow) {
  EXPECT_EQ(softened({1000, 999, 0}, 1e-300), (std::vector<double>{1, 0, 0}));
}

}  // namespace
}  // namespace retort::inspect
