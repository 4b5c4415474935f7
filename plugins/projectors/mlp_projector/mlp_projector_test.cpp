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

TEST(Mlp, PutsTheActivationBetweenTheLayersOnly) {
  for (const char* activation : {"relu", "gelu"}) {
    const auto mlp =
        plugin.projector("mlp", {{1}, {1}}, {{"hidden", retort::List{1}}, {"activation", activation}, {"bias", false}});
    const torch::NoGradGuard no_grad;
    for (auto& parameter : mlp->parameters()) parameter.fill_(-1.0);
    const double hidden =
        activation == std::string("relu") ? 1.0 : 0.8413447460685429;  // gelu(1) is the normal CDF at 1
    EXPECT_NEAR(mlp->forward(torch::tensor({{-1.0}})).item<double>(), -hidden, 1e-6);
  }
}

TEST(Mlp, RefusesFeatureMaps) {
  EXPECT_THROW(plugin.projector("mlp", {{64, 8, 8}, {128, 8, 8}}), retort::ShapeError);
}

TEST(Mlp, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "mlp"), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "mlp", {{"hidden", retort::List{5, 3}}, {"activation", "gelu"}}),
              IsEmpty());
}

}  // namespace
