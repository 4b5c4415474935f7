#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

TEST(LayerNorm, UsesEachSamplesOwnStatistics) {
  const auto features = torch::tensor({{1.0, 3.0}, {40.0, 20.0}}, torch::kFloat64);  // variances 1 and 100
  const double a = 1 / std::sqrt(1 + 1e-5);
  const double b = 10 / std::sqrt(100 + 1e-5);
  const auto expected = torch::tensor({{-a, a}, {b, -b}}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(plugin.normalization("layer_norm", {2})->forward(features), expected, 1e-12, 1e-12));
}

TEST(LayerNorm, RunsOverTheChannelsOfATokenAndOverAWholeMap) {
  const auto tokens = plugin.normalization("layer_norm", {5, 8})->forward(torch::randn({2, 5, 8}) + 3);
  EXPECT_TRUE(torch::allclose(tokens.mean(2), torch::zeros({2, 5}), 0, 1e-5));
  const auto map = plugin.normalization("layer_norm", {8, 5, 5})->forward(torch::randn({2, 8, 5, 5}) + 3);
  EXPECT_TRUE(torch::allclose(map.mean({1, 2, 3}), torch::zeros({2}), 0, 1e-5));
  EXPECT_FALSE(torch::allclose(map.mean(1), torch::zeros({2, 5, 5}), 0, 1e-2));
}

TEST(LayerNorm, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "layer_norm"), IsEmpty());
}

}  // namespace
