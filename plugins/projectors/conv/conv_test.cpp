#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

std::string refusal(const retort::ProjectorShapes& shapes) {
  try {
    plugin.projector("conv", shapes);
  } catch (const retort::ShapeError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Conv, OfOnePixelIsTheLinearMapOfEachPosition) {
  const auto conv = plugin.projector("conv", {{3, 4, 5}, {2, 4, 5}});
  const auto parameters = conv->named_parameters();
  const auto features = torch::randn({2, 3, 4, 5});
  const auto linear =
      torch::linear(features.permute({0, 2, 3, 1}), parameters["conv.weight"].view({2, 3}), parameters["conv.bias"]);
  EXPECT_TRUE(torch::allclose(conv->forward(features), linear.permute({0, 3, 1, 2}), 1e-5, 1e-6));
}

TEST(Conv, OfThreePixelsSumsTheNeighbours) {
  const auto conv = plugin.projector("conv", {{1, 3, 3}, {1, 3, 3}}, {{"kernel", 3}, {"bias", false}});
  const torch::NoGradGuard no_grad;
  for (auto& parameter : conv->parameters()) parameter.fill_(1.0);
  const auto neighbours = torch::tensor({{4.0, 6.0, 4.0}, {6.0, 9.0, 6.0}, {4.0, 6.0, 4.0}}).view({1, 1, 3, 3});
  EXPECT_TRUE(torch::allclose(conv->forward(torch::ones({1, 1, 3, 3})), neighbours));
}

TEST(Conv, TakesEverySecondPositionForHalfTheSize) {
  const auto conv = plugin.projector("conv", {{1, 4, 4}, {1, 2, 2}}, {{"bias", false}});
  const torch::NoGradGuard no_grad;
  for (auto& parameter : conv->parameters()) parameter.fill_(1.0);
  const auto map = torch::arange(16, torch::kFloat).view({1, 1, 4, 4});
  EXPECT_TRUE(torch::equal(conv->forward(map), torch::tensor({{0.0F, 2.0F}, {8.0F, 10.0F}}).view({1, 1, 2, 2})));
  for (const std::int64_t kernel : {1, 3, 5}) {
    const auto shrinks = plugin.projector("conv", {{2, 8, 12}, {3, 4, 6}}, {{"kernel", kernel}});
    EXPECT_EQ(shrinks->forward(torch::zeros({1, 2, 8, 12})).sizes(), at::IntArrayRef({1, 3, 4, 6}));
  }
}

TEST(Conv, EndsWithBatchNormAndReluWhenAsked) {
  const auto features = torch::randn({8, 3, 4, 4}) * 3 + 1;
  const auto normalised = plugin.projector("conv", {{3, 4, 4}, {2, 4, 4}}, {{"batch_norm", true}});
  EXPECT_FALSE(normalised->named_parameters().contains("conv.bias"));
  const auto result = normalised->forward(features);
  EXPECT_TRUE(torch::allclose(result.mean({0, 2, 3}), torch::zeros({2}), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(result.var({0, 2, 3}, false), torch::ones({2}), 1e-3));
  normalised->eval();
  EXPECT_FALSE(torch::allclose(normalised->forward(features), result)) << "evaluation has running statistics";
  const auto cut = plugin.projector("conv", {{3, 4, 4}, {2, 4, 4}}, {{"relu", true}});
  const auto whole = plugin.projector("conv", {{3, 4, 4}, {2, 4, 4}});
  EXPECT_TRUE(torch::equal(cut->forward(features), torch::relu(whole->forward(features))));
}

TEST(Conv, RefusesWhatDoesNotFit) {
  EXPECT_THAT(refusal({{64}, {128}}), HasSubstr("found 64 and 128"));
  EXPECT_THAT(refusal({{64, 8, 8}, {128}}), HasSubstr("adapter"));
  EXPECT_THAT(refusal({{64, 8, 8}, {128, 16, 16}}), AllOf(HasSubstr("64x8x8 and 128x16x16"), HasSubstr("adapter")));
  EXPECT_THAT(refusal({{64, 8, 8}, {128, 3, 3}}), HasSubstr("whole number"));
  EXPECT_THAT(refusal({{64, 8, 8}, {128, 4, 8}}), HasSubstr("whole number"));
  EXPECT_THROW(plugin.projector("conv", {{4, 8, 8}, {4, 8, 8}}, {{"kernel", 2}}), retort::InvalidParameter);
}

TEST(Conv, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "conv"), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "conv", {{"kernel", 3}, {"batch_norm", true}, {"relu", true}}),
              IsEmpty());
}

}  // namespace
