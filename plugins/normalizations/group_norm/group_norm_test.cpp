#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

// Values of torch.nn.functional.group_norm in PyTorch 2.11, float64.
TEST(GroupNorm, AgreesWithPyTorch) {
  const auto features = torch::tensor({{1.0, 2.0, 4.0, 8.0}, {3.0, -1.0, 0.0, 5.0}}, torch::kFloat64);
  const auto expected = torch::tensor({{-0.99998000059998, 0.99998000059998, -0.999998750002344, 0.999998750002344},
                                       {0.999998750002344, -0.999998750002344, -0.99999920000096, 0.99999920000096}},
                                      torch::kFloat64);
  const auto result = plugin.normalization("group_norm", {4}, {{"groups", 2}})->forward(features);
  EXPECT_TRUE(torch::allclose(result, expected, 0, 1e-14));
}

TEST(GroupNorm, NormalisesTheChannelsOfATokenAndThePositionsOfAMap) {
  const auto tokens = plugin.normalization("group_norm", {5, 8}, {{"groups", 2}})->forward(torch::randn({2, 5, 8}) + 3);
  EXPECT_TRUE(torch::allclose(tokens.view({2, 5, 2, 4}).mean(3), torch::zeros({2, 5, 2}), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(tokens.view({2, 5, 2, 4}).var(3, false), torch::ones({2, 5, 2}), 1e-2));
  const auto map =
      plugin.normalization("group_norm", {8, 3, 3}, {{"groups", 4}})->forward(torch::randn({2, 8, 3, 3}) + 3);
  EXPECT_TRUE(torch::allclose(map.view({2, 4, 18}).mean(2), torch::zeros({2, 4}), 0, 1e-5));
  EXPECT_FALSE(torch::allclose(map.view({2, 8, 9}).mean(2), torch::zeros({2, 8}), 0, 1e-2));
}

TEST(GroupNorm, HasSixteenChannelsInAGroupUnlessToldOtherwise) {
  const auto features = torch::randn({3, 64});
  const auto result = plugin.normalization("group_norm", {64})->forward(features);
  EXPECT_TRUE(torch::equal(result, plugin.normalization("group_norm", {64}, {{"groups", 4}})->forward(features)));
  const auto odd = torch::randn({3, 10});
  EXPECT_TRUE(torch::equal(plugin.normalization("group_norm", {10})->forward(odd),
                           plugin.normalization("group_norm", {10}, {{"groups", 1}})->forward(odd)));
}

TEST(GroupNorm, IsTheSameInEvaluation) {
  const auto norm = plugin.normalization("group_norm", {8});
  const auto features = torch::randn({4, 8});
  const auto in_training = norm->forward(features);
  norm->eval();
  EXPECT_TRUE(torch::equal(norm->forward(features), in_training));
}

TEST(GroupNorm, RefusesGroupsThatDoNotFit) {
  try {
    plugin.normalization("group_norm", {10, 4, 4}, {{"groups", 4}});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("10 channels"), HasSubstr("4 groups"), HasSubstr("10x4x4")));
  }
  EXPECT_THROW(plugin.normalization("group_norm", {8}, {{"groups", 8}}), retort::ShapeError);
  EXPECT_NO_THROW(plugin.normalization("group_norm", {8, 2, 2}, {{"groups", 8}}));
}

TEST(GroupNorm, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "group_norm"), IsEmpty());
  EXPECT_THAT(retort::testing::check_normalization(plugin, "group_norm", {{"groups", 2}}), IsEmpty());
}

}  // namespace
