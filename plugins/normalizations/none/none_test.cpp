#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

TEST(None, HandsTheFeaturesOn) {
  const auto features = torch::randn({2, 3, 4, 4});
  EXPECT_TRUE(torch::equal(plugin.normalization("none", {3, 4, 4})->forward(features), features));
}

TEST(None, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "none"), IsEmpty());
}

}  // namespace
