#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

torch::Tensor features() {
  return torch::tensor(
      {{2.0, 1.0, 0.0}, {0.0, 1.0, 3.0}, {1.0, -2.0, 1.0}, {-1.0, 0.0, 2.0}, {4.0, 1.0, -1.0}, {0.0, 3.0, 1.0}},
      torch::kFloat64);
}

torch::Tensor whitened(const torch::Tensor& x, std::int64_t iterations, double eps = 1e-5) {
  return plugin.normalization("whitening", x.sizes().slice(1).vec(), {{"iterations", iterations}, {"eps", eps}})
      ->forward(x);
}

// (x - mean) V D^(-1/2) V^T from the eigenvectors of the covariance, by PyTorch 2.11 in float64.
TEST(Whitening, ConvergesToTheInverseRootOfTheCovariance) {
  const auto expected = torch::tensor({{0.342407602370365, 0.19521125948714, -0.692506064830105},
                                       {0.395876912015494, 0.330605384343568, 2.168428018998211},
                                       {-0.120919694956145, -1.801821380558118, -0.200963463176477},
                                       {-1.392869795387554, -0.465783817665459, -0.040668958713778},
                                       {1.705047474018884, 0.21053973201307, -0.702077971910445},
                                       {-0.929542498061044, 1.531248822379798, -0.532211560367406}},
                                      torch::kFloat64);
  EXPECT_TRUE(torch::allclose(whitened(features(), 20), expected, 0, 1e-12));
}

// P <- (3 P - P^3 N) / 2, twice from P = I, as the publication writes the iteration; by PyTorch 2.11 in float64.
TEST(Whitening, TakesThePublishedSteps) {
  const auto expected = torch::tensor({{0.454370106609657, 0.195148366988554, -0.539856694400723},
                                       {-0.284213944342605, 0.236820883214462, 1.263760389810466},
                                       {-0.008678468052694, -1.663635177791494, -0.042827882013714},
                                       {-1.076726758473193, -0.406357189732251, 0.36651666389513},
                                       {1.528927248069677, 0.185596762272931, -0.917080328799281},
                                       {-0.613678183810842, 1.452426355047797, -0.130512148491878}},
                                      torch::kFloat64);
  EXPECT_TRUE(torch::allclose(whitened(features(), 2), expected, 0, 1e-12));
}

TEST(Whitening, LeavesUncorrelatedChannelsOfUnitVariance) {
  const auto mixing = torch::randn({8, 8}, torch::kFloat64);
  const auto result = whitened(torch::randn({256, 8}, torch::kFloat64).mm(mixing) + 5, 40, 1e-12);
  EXPECT_TRUE(torch::allclose(result.mean(0), torch::zeros({8}, torch::kFloat64), 0, 1e-10));
  EXPECT_TRUE(torch::allclose(result.t().mm(result) / 256, torch::eye(8, torch::kFloat64), 0, 1e-6));
}

TEST(Whitening, TakesThePositionsOfAMapForSamples) {
  const auto map = torch::randn({4, 3, 5, 5}, torch::kFloat64) * 2 + 7;
  const auto rows = map.permute({0, 2, 3, 1}).reshape({100, 3});
  EXPECT_TRUE(torch::allclose(whitened(map, 5).permute({0, 2, 3, 1}).reshape({100, 3}), whitened(rows, 5), 1e-9, 1e-9));
}

TEST(Whitening, StaysFiniteInSinglePrecisionWhenTheBatchIsSmall) {
  const auto x = torch::randn({8, 64}).set_requires_grad(true);
  for (const std::int64_t iterations : {5, 30}) {
    const auto result = whitened(x, iterations);
    result.pow(3).sum().backward();
    EXPECT_TRUE(torch::isfinite(result).all().item<bool>());
    EXPECT_TRUE(torch::isfinite(x.grad()).all().item<bool>());
    EXPECT_LT(result.abs().max().item<float>(), 10);
  }
}

TEST(Whitening, UsesTheBatchInEvaluationToo) {
  const auto norm = plugin.normalization("whitening", {3});
  const auto in_training = norm->forward(features());
  norm->eval();
  EXPECT_TRUE(torch::equal(norm->forward(features()), in_training));
  EXPECT_THAT(norm->parameters(), IsEmpty());
  EXPECT_THAT(norm->buffers(), IsEmpty());
}

TEST(Whitening, RefusesTokens) {
  EXPECT_THROW(plugin.normalization("whitening", {197, 192}), retort::ShapeError);
}

TEST(Whitening, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "whitening"), IsEmpty());
  EXPECT_THAT(retort::testing::check_normalization(plugin, "whitening", {{"iterations", 12}, {"eps", 0.01}}),
              IsEmpty());
}

}  // namespace
