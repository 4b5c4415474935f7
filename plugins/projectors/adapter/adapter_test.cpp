#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

// From one channel to one with the weight 2 and the bias 1.
torch::Tensor adapted(const retort::Shape& in, const retort::Shape& out, const torch::Tensor& features) {
  const auto adapter = plugin.projector("adapter", {in, out});
  const torch::NoGradGuard no_grad;
  adapter->named_parameters()["conv.weight"].fill_(2.0);
  adapter->named_parameters()["conv.bias"].fill_(1.0);
  return adapter->forward(features);
}

torch::Tensor map(std::vector<float> values, std::int64_t height, std::int64_t width) {
  return torch::tensor(values).view({1, 1, height, width});
}

TEST(Adapter, PoolsWhereTheMapShrinks) {
  const auto features = torch::arange(16, torch::kFloat).view({1, 1, 4, 4});
  EXPECT_TRUE(torch::allclose(adapted({1, 4, 4}, {1, 2, 2}, features), 2 * map({2.5, 4.5, 10.5, 12.5}, 2, 2) + 1));
  EXPECT_TRUE(torch::allclose(adapted({1, 4, 4}, {1, 4, 4}, features), 2 * features + 1));
}

TEST(Adapter, InterpolatesWhereTheMapGrows) {
  // Corners not aligned: the new centres lie at -1/4, 1/4, 3/4, 5/4, and values beyond the border are the border's.
  const auto expected = map({0.0, 0.25, 0.75, 1.0}, 1, 4);
  EXPECT_TRUE(torch::allclose(adapted({1, 1, 2}, {1, 1, 4}, map({0.0, 1.0}, 1, 2)), 2 * expected + 1));
}

TEST(Adapter, MayShrinkOneSideAndGrowTheOther) {
  const auto features = map({0.0, 1.0, 2.0, 3.0}, 2, 2);
  const auto expected = map({1.0, 1.25, 1.75, 2.0}, 1, 4);
  EXPECT_TRUE(torch::allclose(adapted({1, 2, 2}, {1, 1, 4}, features), 2 * expected + 1));
}

TEST(Adapter, PoolsAMapToAVectorAndSpreadsAVectorOverAMap) {
  const auto features = map({0.0, 1.0, 2.0, 5.0}, 2, 2);
  EXPECT_TRUE(torch::allclose(adapted({1, 2, 2}, {1}, features), torch::tensor({{5.0F}})));
  EXPECT_TRUE(torch::allclose(adapted({1}, {1, 2, 3}, torch::tensor({{4.0F}})), torch::full({1, 1, 2, 3}, 9.0)));
  EXPECT_TRUE(torch::allclose(adapted({1}, {1}, torch::tensor({{4.0F}})), torch::tensor({{9.0F}})));
}

TEST(Adapter, MapsTheChannels) {
  const auto adapter = plugin.projector("adapter", {{3, 2, 2}, {4}});
  const auto features = torch::randn({5, 3, 2, 2});
  const auto parameters = adapter->named_parameters();
  const auto expected =
      torch::linear(features.mean({2, 3}), parameters["conv.weight"].view({4, 3}), parameters["conv.bias"]);
  EXPECT_TRUE(torch::allclose(adapter->forward(features), expected, 1e-5, 1e-6));
}

TEST(Adapter, RefusesTokens) {
  try {
    plugin.projector("adapter", {{197, 192}, {512}});
    FAIL() << "accepted";
  } catch (const retort::ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found 197x192 and 512"));
  }
}

TEST(Adapter, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "adapter"), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "adapter", {{"bias", false}}), IsEmpty());
}

}  // namespace
