#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

// The shapes of the weights, first layer first.
std::vector<std::string> weights(const retort::Table& options) {
  std::vector<std::string> shapes;
  for (const auto& parameter : plugin.projector("mlp", {{512}, {512}}, options)->parameters()) {
    if (parameter.dim() == 2) shapes.push_back(retort::shape_text(parameter.sizes()));
  }
  return shapes;
}

TEST(Mlp, HasOneHiddenLayerOfFourTimesTheOutputByDefault) {
  EXPECT_THAT(weights({}), ElementsAre("2048x512", "512x2048"));
}

TEST(Mlp, TakesTheWidthsOfItsHiddenLayers) {
  EXPECT_THAT(weights({{"hidden", retort::List{64, 32}}}), ElementsAre("64x512", "32x64", "512x32"));
  EXPECT_THAT(weights({{"hidden", retort::List{}}}), ElementsAre("512x512"));
  EXPECT_THROW(weights({{"hidden", retort::List{0}}}), retort::InvalidParameter);
}

TEST(Mlp, TakesDepthAndWidthInstead) {
  EXPECT_THAT(weights({{"depth", 3}, {"width", 96}}), ElementsAre("96x512", "96x96", "96x96", "512x96"));
  EXPECT_THAT(weights({{"depth", 2}}), ElementsAre("2048x512", "2048x2048", "512x2048"));
  EXPECT_THAT(weights({{"width", 128}}), ElementsAre("128x512", "512x128"));
  EXPECT_THAT(weights({{"depth", 0}}), ElementsAre("512x512"));
  EXPECT_THROW(weights({{"depth", 2}, {"hidden", retort::List{64}}}), retort::InvalidParameter);
  EXPECT_THROW(weights({{"width", 64}, {"hidden", retort::List{64}}}), retort::InvalidParameter);
}

// One hidden unit and weights of -1: the projection of x is -f(-x).
double negated_activation(const char* activation, double x) {
  const auto mlp =
      plugin.projector("mlp", {{1}, {1}}, {{"hidden", retort::List{1}}, {"activation", activation}, {"bias", false}});
  const torch::NoGradGuard no_grad;
  for (auto& parameter : mlp->parameters()) parameter.fill_(-1.0);
  return mlp->forward(torch::tensor({{-x}}, torch::kFloat)).item<double>();
}

TEST(Mlp, PutsTheActivationBetweenTheLayersOnly) {
  EXPECT_NEAR(negated_activation("relu", 1), -1.0, 1e-6);
  EXPECT_NEAR(negated_activation("relu", -1), 0.0, 1e-6);
  EXPECT_NEAR(negated_activation("leaky_relu", -1), 0.01, 1e-6);
  EXPECT_NEAR(negated_activation("gelu", 1), -0.8413447460685429, 1e-6);  // the normal CDF at 1
  EXPECT_NEAR(negated_activation("silu", 1), -0.7310585786300049, 1e-6);  // the logistic function at 1
  EXPECT_NEAR(negated_activation("tanh", 1), -0.7615941559557649, 1e-6);
}

TEST(Mlp, RefusesFeatureMaps) {
  EXPECT_THROW(plugin.projector("mlp", {{64, 8, 8}, {128, 8, 8}}), retort::ShapeError);
}

TEST(Mlp, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "mlp"), IsEmpty());
  for (const char* activation : {"relu", "leaky_relu", "gelu", "silu", "tanh"}) {
    EXPECT_THAT(
        retort::testing::check_projector(plugin, "mlp", {{"hidden", retort::List{5, 3}}, {"activation", activation}}),
        IsEmpty());
  }
  EXPECT_THAT(retort::testing::check_projector(plugin, "mlp", {{"depth", 2}, {"width", 7}, {"activation", "silu"}}),
              IsEmpty());
}

}  // namespace
