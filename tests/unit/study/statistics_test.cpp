#include "study/statistics.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace retort::study {
namespace {

TEST(Statistics, MomentsOfFewValues) {
  EXPECT_EQ(moments({}).n, 0u);
  EXPECT_EQ(moments({3.0}).mean, 3.0);
  EXPECT_FALSE(moments({3.0}).sd);
  // Deviations -3, -1, 1, 3: 20 / 3.
  const Moments four = moments({1.0, 3.0, 5.0, 7.0});
  EXPECT_DOUBLE_EQ(four.mean, 4.0);
  EXPECT_DOUBLE_EQ(*four.sd, std::sqrt(20.0 / 3.0));
}

TEST(Statistics, TwoPairsFollowTheCauchyDistribution) {
  // Differences 1 and 3: mean 2, sd sqrt(2), standard error 1, t = 2. One degree of freedom: p = 1 - 2 atan(t) / pi,
  // and the 97.5 % quantile is tan(0.475 pi).
  const PairedDifference paired = paired_difference({1.0, 3.0});
  EXPECT_DOUBLE_EQ(*paired.t, 2.0);
  EXPECT_NEAR(*paired.p, 1.0 - 2.0 * std::atan(2.0) / std::numbers::pi, 1e-12);
  const double reach = std::tan(0.475 * std::numbers::pi);
  EXPECT_NEAR(*paired.low, 2.0 - reach, 1e-9);
  EXPECT_NEAR(*paired.high, 2.0 + reach, 1e-9);
}

TEST(Statistics, ThreePairs) {
  // Differences 1, 2, 6: mean 3, sd sqrt(7), t = 3 / sqrt(7 / 3). Two degrees of freedom: p = 1 - t / sqrt(2 + t^2),
  // and the quantile of q is (2q - 1) sqrt(2 / (4 q (1 - q))).
  const PairedDifference paired = paired_difference({1.0, 2.0, 6.0});
  const double t = 3.0 / std::sqrt(7.0 / 3.0);
  EXPECT_NEAR(*paired.t, t, 1e-12);
  EXPECT_NEAR(*paired.p, 1.0 - t / std::sqrt(2.0 + t * t), 1e-12);
  const double reach = 0.95 * std::sqrt(2.0 / (4.0 * 0.975 * 0.025)) * std::sqrt(7.0 / 3.0);
  EXPECT_NEAR(*paired.high - *paired.low, 2.0 * reach, 1e-9);
}

TEST(Statistics, TheSignDoesNotChangeP) {
  EXPECT_DOUBLE_EQ(*paired_difference({-1.0, -2.0, -6.0}).p, *paired_difference({1.0, 2.0, 6.0}).p);
}

TEST(Statistics, NoTestWithoutSpread) {
  EXPECT_FALSE(paired_difference({1.0}).low);
  const PairedDifference equal = paired_difference({0.5, 0.5});
  EXPECT_EQ(*equal.low, 0.5);
  EXPECT_EQ(*equal.high, 0.5);
  EXPECT_FALSE(equal.t);
  EXPECT_FALSE(equal.p);
}

}  // namespace
}  // namespace retort::study
