#include "inspect/distribution.hpp"

#include <cmath>

#include <gmock/gmock.h>

namespace retort::inspect {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Pointwise;

TEST(Distribution, StatesMeanDeviationAndQuantiles) {
  const Distribution found = distribution({4, 1, 3, 2, 10}, 3);
  EXPECT_DOUBLE_EQ(found.mean, 4.0);
  EXPECT_DOUBLE_EQ(found.deviation, std::sqrt(10.0));
  // Of five values, the quantile q lies at place 4 q: 0.2, 1, 2, 3, 3.8.
  EXPECT_THAT(found.quantiles, Pointwise(DoubleEq(), {1.0, 1.2, 2.0, 3.0, 4.0, 8.8, 10.0}));
}

TEST(Distribution, ABinHoldsItsLowerEdgeAndTheLastOneBoth) {
  const Distribution found = distribution({0, 0.5, 1, 1.5, 2, 3, 3}, 3);
  EXPECT_THAT(found.edges, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(found.counts, ElementsAre(2, 2, 3));
}

TEST(Distribution, OneValueLiesInTheMiddle) {
  const Distribution found = distribution({7, 7, 7}, 2);
  EXPECT_THAT(found.edges, ElementsAre(6.5, 7, 7.5));
  EXPECT_THAT(found.counts, ElementsAre(0, 3));
  EXPECT_EQ(found.deviation, 0.0);
  EXPECT_EQ(distribution({7}, 1).counts, std::vector<std::int64_t>{1});
}

TEST(Distribution, CountsEveryValueOnce) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::sin(i) / 3.0);
  std::int64_t total = 0;
  for (const std::int64_t count : distribution(values, 37).counts) total += count;
  EXPECT_EQ(total, 1000);
}

}  // namespace
}  // namespace retort::inspect
