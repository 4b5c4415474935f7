#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

TEST(Identity, RefusesUnequalShapesWithAdvice) {
  try {
    plugin.projector("identity", {{64}, {128}});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("found 64 and 128"), HasSubstr("linear")));
  }
}

TEST(Identity, HandsTheFeaturesOn) {
  const auto features = torch::randn({2, 3, 4, 4});
  EXPECT_TRUE(torch::equal(plugin.projector("identity", {{3, 4, 4}, {3, 4, 4}})->forward(features), features));
}

TEST(Identity, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "identity"), IsEmpty());
}

}  // namespace
