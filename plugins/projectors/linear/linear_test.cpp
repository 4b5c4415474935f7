#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

TEST(Linear, MapsTheLastDimension) {
  const auto linear = plugin.projector("linear", {{3, 2}, {3, 1}});
  {
    const torch::NoGradGuard no_grad;
    linear->named_parameters()["linear.weight"].copy_(torch::tensor({{2.0, -1.0}}));
    linear->named_parameters()["linear.bias"].fill_(0.5);
  }
  const auto tokens = torch::tensor({{{1.0, 1.0}, {2.0, 0.0}, {0.0, 3.0}}});
  EXPECT_TRUE(torch::equal(linear->forward(tokens), torch::tensor({{{1.5}, {4.5}, {-2.5}}})));
}

TEST(Linear, HasABiasUnlessToldOtherwise) {
  EXPECT_EQ(plugin.projector("linear", {{6}, {4}})->parameters().size(), 2);
  EXPECT_EQ(plugin.projector("linear", {{6}, {4}}, {{"bias", false}})->parameters().size(), 1);
}

TEST(Linear, RefusesFeatureMapsWithAdvice) {
  try {
    plugin.projector("linear", {{64, 8, 8}, {128, 8, 8}});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("found 64x8x8 and 128x8x8"), HasSubstr("conv"), HasSubstr("penultimate")));
  }
}

TEST(Linear, RefusesTokensOfUnequalCount) {
  EXPECT_THROW(plugin.projector("linear", {{196, 64}, {197, 64}}), retort::ShapeError);
  EXPECT_THROW(plugin.projector("linear", {{196, 64}, {64}}), retort::ShapeError);
}

TEST(Linear, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "linear"), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "linear", {{"bias", false}}), IsEmpty());
}

}  // namespace
