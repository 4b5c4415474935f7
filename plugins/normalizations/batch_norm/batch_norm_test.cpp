#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

TEST(BatchNorm, DividesByTheBiasedDeviationOfTheBatch) {
  const auto features = torch::tensor({{1.0, 5.0}, {3.0, 5.0}}, torch::kFloat64);  // variances 1 and 0
  const double unit = 1 / std::sqrt(1 + 1e-4);
  const auto expected = torch::tensor({{-unit, 0.0}, {unit, 0.0}}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(plugin.normalization("batch_norm", {2})->forward(features), expected, 1e-12, 1e-12));
}

TEST(BatchNorm, UsesTheBatchInEvaluationToo) {
  const auto norm = plugin.normalization("batch_norm", {8});
  const auto features = torch::randn({16, 8}) * 3 + 1;
  const auto in_training = norm->forward(features);
  norm->eval();
  EXPECT_TRUE(torch::equal(norm->forward(features), in_training));
  EXPECT_THAT(norm->parameters(), IsEmpty());
  EXPECT_THAT(norm->buffers(), IsEmpty());
}

TEST(BatchNorm, NormalisesEachChannelOfAMap) {
  const auto result = plugin.normalization("batch_norm", {3, 5, 5})->forward(torch::randn({4, 3, 5, 5}) * 2 + 7);
  EXPECT_TRUE(torch::allclose(result.mean({0, 2, 3}), torch::zeros({3}), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(result.var({0, 2, 3}, false), torch::ones({3}), 1e-3));
}

TEST(BatchNorm, RefusesTokens) {
  EXPECT_THROW(plugin.normalization("batch_norm", {197, 192}), retort::ShapeError);
}

TEST(BatchNorm, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "batch_norm"), IsEmpty());
  EXPECT_THAT(retort::testing::check_normalization(plugin, "batch_norm", {{"eps", 0}}), IsEmpty());
}

}  // namespace
