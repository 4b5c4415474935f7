#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

// Three linear members from 2 to 1 whose weights are (1, 0), (0, 1), (-4, 2).
std::shared_ptr<retort::Projector> three(bool relu) {
  const auto ensemble = plugin.projector("ensemble", {{2}, {1}}, {{"bias", false}, {"relu", relu}});
  const torch::NoGradGuard no_grad;
  auto weights = ensemble->named_parameters();
  weights["projector1.linear1.weight"].copy_(torch::tensor({{1.0, 0.0}}));
  weights["projector2.linear1.weight"].copy_(torch::tensor({{0.0, 1.0}}));
  weights["projector3.linear1.weight"].copy_(torch::tensor({{-4.0, 2.0}}));
  return ensemble;
}

TEST(Ensemble, IsTheMeanOfItsMembers) {
  const auto features = torch::tensor({{3.0, 6.0}, {1.0, -1.0}});
  EXPECT_TRUE(torch::allclose(three(false)->forward(features), torch::tensor({{3.0}, {-2.0}})));
  EXPECT_TRUE(torch::allclose(three(true)->forward(features), torch::tensor({{3.0}, {1.0 / 3.0}})));
}

TEST(Ensemble, GivesEachMemberItsOwnWeights) {
  const auto parameters = plugin.projector("ensemble", {{6}, {4}}, {{"size", 4}})->named_parameters();
  EXPECT_EQ(parameters.size(), 8U);
  for (int i = 1; i <= 4; ++i) {
    for (int j = 1; j < i; ++j) {
      EXPECT_FALSE(torch::equal(parameters["projector" + std::to_string(i) + ".linear1.weight"],
                                parameters["projector" + std::to_string(j) + ".linear1.weight"]));
    }
  }
}

TEST(Ensemble, MayConsistOfMlps) {
  const retort::Table options{{"kind", "mlp"}, {"size", 2}, {"depth", 1}, {"width", 5}, {"bias", false}};
  std::vector<std::string> shapes;
  for (const auto& parameter : plugin.projector("ensemble", {{6}, {4}}, options)->parameters()) {
    shapes.push_back(retort::shape_text(parameter.sizes()));
  }
  EXPECT_THAT(shapes, ElementsAre("5x6", "4x5", "5x6", "4x5"));
}

TEST(Ensemble, RefusesHiddenLayersOfLinearMembers) {
  EXPECT_THROW(plugin.projector("ensemble", {{6}, {4}}, {{"depth", 1}}), retort::InvalidParameter);
  EXPECT_THROW(plugin.projector("ensemble", {{6}, {4}}, {{"size", 0}}), retort::InvalidParameter);
  EXPECT_THROW(plugin.projector("ensemble", {{6, 2, 2}, {4, 2, 2}}), retort::ShapeError);
}

TEST(Ensemble, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "ensemble"), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "ensemble", {{"relu", true}, {"size", 2}}), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "ensemble", {{"kind", "mlp"}, {"size", 2}}), IsEmpty());
}

}  // namespace
