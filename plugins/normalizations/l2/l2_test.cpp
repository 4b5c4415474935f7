#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

TEST(L2, GivesEachSampleUnitLength) {
  const auto features = torch::tensor({{3.0, 4.0}, {0.0, -2.0}, {0.0, 0.0}});
  const auto expected = torch::tensor({{0.6, 0.8}, {0.0, -1.0}, {0.0, 0.0}});
  EXPECT_TRUE(torch::allclose(plugin.normalization("l2", {2})->forward(features), expected));
}

TEST(L2, RunsOverTheChannels) {
  const auto tokens = plugin.normalization("l2", {5, 8})->forward(torch::randn({2, 5, 8}));
  EXPECT_TRUE(torch::allclose(tokens.square().sum(2), torch::ones({2, 5})));
  const auto map = plugin.normalization("l2", {8, 5, 5})->forward(torch::randn({2, 8, 5, 5}));
  EXPECT_TRUE(torch::allclose(map.square().sum(1), torch::ones({2, 5, 5})));
}

TEST(L2, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "l2"), IsEmpty());
}

}  // namespace
