#include "engine/diagnostics/feature_relations.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace retort::engine {
namespace {

TEST(Observations, HaveARowForEachSampleTokenOrPosition) {
  EXPECT_TRUE(torch::equal(observations(torch::tensor({{1.0F, 2.0F}})), torch::tensor({{1.0, 2.0}}, torch::kDouble)));
  EXPECT_EQ(observations(torch::zeros({2, 5, 3})).sizes(), at::IntArrayRef({10, 3}));
  const auto map = torch::arange(2 * 3 * 2 * 2).view({2, 3, 2, 2}).to(torch::kDouble);
  const auto rows = observations(map);
  ASSERT_EQ(rows.sizes(), at::IntArrayRef({8, 3}));
  EXPECT_TRUE(torch::equal(rows[5], torch::stack({map[1][0][0][1], map[1][1][0][1], map[1][2][0][1]})));
}

TEST(Observations, AreEvenlySpacedWhenThereAreVeryMany) {
  const auto rows = observations(torch::arange(40000).view({40000, 1}));
  EXPECT_EQ(rows.size(0), 13334);
  EXPECT_TRUE(torch::equal(rows[1], torch::tensor({3.0}, torch::kDouble)));
}

TEST(Standardized, HasZeroMeanAndUnitVariance) {
  const auto expected = torch::tensor({{-1.0, 0.0}, {1.0, 0.0}}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(standardized(torch::tensor({{1.0, 5.1}, {3.0, 5.1}}, torch::kDouble)), expected));
}

TEST(Standardized, TakesRoundingForAConstant) {
  const float above = std::nextafter(7.3F, 8.0F);
  const auto values = observations(torch::tensor({{7.3F}, {above}, {7.3F}}));
  EXPECT_TRUE(torch::equal(standardized(values), torch::zeros({3, 1}, torch::kDouble)));
}

// numpy.corrcoef of these columns has 0, -0.869626... and -0.086602... beside its diagonal.
TEST(MeanCorrelation, IsThatOfThePairsThatVary) {
  const auto values = torch::tensor(
      {{2.0, 1.0, 0.0}, {0.0, 1.0, 3.0}, {1.0, -2.0, 1.0}, {-1.0, 0.0, 2.0}, {4.0, 1.0, -1.0}, {0.0, 3.0, 1.0}},
      torch::kDouble);
  const double expected = 0.318742965641583;
  EXPECT_NEAR(mean_correlation(standardized(values)), expected, 1e-12);
  const auto with_constant = torch::cat({values, torch::full({6, 1}, 2.0, torch::kDouble)}, 1);
  EXPECT_NEAR(mean_correlation(standardized(with_constant)), expected, 1e-12);
  EXPECT_TRUE(std::isnan(mean_correlation(standardized(values.slice(1, 0, 1)))));
}

TEST(MeanCorrelation, IsOneForCopiesAndZeroForIndependentFeatures) {
  const auto line = torch::tensor({{1.0}, {2.0}, {4.0}}, torch::kDouble);
  EXPECT_NEAR(mean_correlation(standardized(torch::cat({line, -3 * line, line + 1}, 1))), 1.0, 1e-12);
  const auto square = torch::tensor({{1.0, 1.0}, {1.0, -1.0}, {-1.0, 1.0}, {-1.0, -1.0}}, torch::kDouble);
  EXPECT_NEAR(mean_correlation(standardized(square)), 0.0, 1e-12);
}

// The terms as the publication writes them, for W between standardised features: D_in W / D_out of a map W of the
// features themselves.
TEST(Relations, AreThoseOfTheProjectorsGradientFlow) {
  torch::manual_seed(1);
  const auto z = torch::randn({50, 4}, torch::kDouble) * torch::tensor({1.0, 2.0, 0.5, 4.0}, torch::kDouble) + 3;
  const auto teacher = torch::randn({50, 3}, torch::kDouble) * 2 - 1;
  const auto map = torch::randn({4, 3}, torch::kDouble);
  const auto projected = z.mm(map) + 0.7;

  const auto deviation = [](const torch::Tensor& x) { return x.std(0, /*unbiased=*/false); };
  const auto zs = (z - z.mean(0)) / deviation(z);
  const auto zt = (teacher - teacher.mean(0)) / deviation(teacher);
  const auto w = deviation(z).unsqueeze(1) * map / deviation(projected);
  const auto c_s = zs.t().mm(zs) / 50;
  const auto c_st = zs.t().mm(zt) / 50;

  const Relations found = relations(standardized(z), standardized(projected), standardized(teacher));
  EXPECT_NEAR(found.self, c_s.norm().item<double>(), 1e-12);
  EXPECT_NEAR(found.cross, c_st.norm().item<double>(), 1e-12);
  EXPECT_NEAR(found.residual, (c_st - c_s.mm(w)).norm().item<double>(), 1e-12);
}

TEST(Relations, HaveNoResidualWhenTheTargetIsReached) {
  torch::manual_seed(1);
  const auto z = standardized(torch::randn({50, 4}, torch::kDouble));
  const auto target = standardized(z.mm(torch::randn({4, 3}, torch::kDouble)));
  EXPECT_NEAR(relations(z, target, target).residual, 0.0, 1e-12);
}

}  // namespace
}  // namespace retort::engine
