#include "engine/diagnostics/spectrum.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace retort::engine {
namespace {

TEST(Spectrum, OfADiagonalMatrixIsItsDiagonal) {
  const Spectrum found = spectrum(torch::diag(torch::tensor({-4.0, 2.0, 2.0}, torch::kDouble)));
  EXPECT_NEAR(found.largest, 4.0, 1e-12);
  EXPECT_NEAR(found.smallest, 2.0, 1e-12);
  // Shares 1/2, 1/4, 1/4: entropy 1.5 log 2.
  EXPECT_NEAR(found.effective_rank, std::pow(2.0, 1.5), 1e-12);
}

TEST(Spectrum, CountsEqualDirections) {
  EXPECT_NEAR(spectrum(3.0 * torch::eye(5, 9)).effective_rank, 5.0, 1e-6);
  const auto one = torch::outer(torch::arange(1, 5, torch::kDouble), torch::arange(1, 7, torch::kDouble));
  const Spectrum found = spectrum(one);
  EXPECT_NEAR(found.effective_rank, 1.0, 1e-6);
  EXPECT_NEAR(found.smallest, 0.0, 1e-12);
  EXPECT_NEAR(found.largest, std::sqrt(30.0 * 91.0), 1e-10);
}

// The eigenvalues of W W^T = [[5, 2], [2, 2]] are 6 and 1.
TEST(Spectrum, OfARectangularMatrix) {
  const auto weight = torch::tensor({{1.0, 2.0, 0.0}, {0.0, 1.0, -1.0}});
  for (const auto& matrix : {weight, weight.t()}) {
    const Spectrum found = spectrum(matrix);
    EXPECT_NEAR(found.largest, std::sqrt(6.0), 1e-12);
    EXPECT_NEAR(found.smallest, 1.0, 1e-12);
    const double share = std::sqrt(6.0) / (std::sqrt(6.0) + 1.0);
    EXPECT_NEAR(found.effective_rank, std::exp(-share * std::log(share) - (1.0 - share) * std::log(1.0 - share)),
                1e-12);
  }
}

TEST(Spectrum, TakesAConvolutionAsOneRowForEachOutput) {
  const auto kernel = torch::zeros({2, 2, 2, 2});
  kernel[0].fill_(1.0);  // a row of eight ones
  kernel[1][0].fill_(2.0);
  kernel[1][1].fill_(-2.0);  // orthogonal to it, of twice the length
  const Spectrum found = spectrum(kernel);
  EXPECT_NEAR(found.largest, 2.0 * std::sqrt(8.0), 1e-12);
  EXPECT_NEAR(found.smallest, std::sqrt(8.0), 1e-12);
}

TEST(Spectrum, OfNothingIsZeroAndOfNaNIsNaN) {
  EXPECT_EQ(spectrum(torch::zeros({3, 2})).effective_rank, 0.0);
  EXPECT_EQ(spectrum(torch::zeros({3, 2})).largest, 0.0);
  const Spectrum broken = spectrum(torch::full({3, 2}, std::nan("")));
  EXPECT_TRUE(std::isnan(broken.largest) && std::isnan(broken.smallest) && std::isnan(broken.effective_rank));
}

}  // namespace
}  // namespace retort::engine
