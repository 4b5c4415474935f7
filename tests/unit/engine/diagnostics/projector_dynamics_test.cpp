#include "engine/diagnostics/projector_dynamics.hpp"

#include <gmock/gmock.h>
#include <torch/nn/modules/linear.h>

#include "engine/synthetic_stage.hpp"

namespace retort::engine {
namespace {

using testing::ElementsAre;

// relu or not, behind a linear layer.
class Layer final : public Projector {
 public:
  Layer(std::int64_t in, std::int64_t out, bool bent)
      : linear(register_module("linear", torch::nn::Linear(in, out))), bent_(bent) {}
  torch::Tensor forward(const torch::Tensor& features) override {
    return bent_ ? torch::relu(linear(features)) : linear(features);
  }
  torch::nn::Linear linear;

 private:
  bool bent_;
};

TEST(AffineMap, IsTheMatrixOfALinearProjector) {
  Layer layer(5, 3, false);
  for (const auto& features : {torch::randn({8, 5}), torch::randn({8, 2, 5}), torch::randn({1, 9, 5})}) {
    const auto found = affine_map(layer, features);
    ASSERT_TRUE(found);
    EXPECT_TRUE(torch::allclose(*found, layer.linear->weight.t(), 1e-5, 1e-6));
  }
}

TEST(AffineMap, IsThereForNoOtherProjector) {
  Layer bent(5, 3, true), straight(5, 3, false);
  EXPECT_FALSE(affine_map(bent, torch::randn({8, 5})));
  EXPECT_FALSE(affine_map(straight, torch::randn({8, 2, 2, 5}))) << "of a map the channels are not last";
}

// The dynamics of the one projector of a stage whose student and teacher have 12 and 24 hidden features, on random
// taps.
ProjectorDynamics dynamics(const std::string& projector) {
  const std::string hint = "[loss.hint]\nuse = \"logsum\"\nstudent = { projector = " + projector + " }\n";
  SyntheticStage stage(kSyntheticStage + hint);
  EXPECT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  torch::manual_seed(5);
  Taps student(TapRequest{"penultimate", "logits"}), teacher(TapRequest{"penultimate"});
  student.put("penultimate", torch::randn({40, 12}));
  student.put("logits", torch::randn({40, 4}));
  teacher.put("penultimate", torch::randn({40, 24}));
  const auto all =
      projector_dynamics(stage.graph(), {student, &teacher, torch::zeros({40}, torch::kLong), torch::arange(40), 0});
  EXPECT_EQ(all.size(), 1U);
  return all.at(0);
}

std::vector<std::string> weights(const ProjectorDynamics& dynamics) {
  std::vector<std::string> names;
  for (const WeightSpectrum& weight : dynamics.weights) names.push_back(weight.weight);
  return names;
}

TEST(ProjectorDynamics, OfAnAffineProjectorAreThoseOfItsMap) {
  for (const char* projector : {"{ use = \"linear\" }", "{ use = \"ensemble\", size = 4 }"}) {
    const auto found = dynamics(projector);
    EXPECT_EQ(found.projector, "loss.hint.student.projector");
    EXPECT_THAT(weights(found), ElementsAre("map")) << projector;
    ASSERT_TRUE(found.relations) << projector;
    EXPECT_GT(found.relations->residual, 0.0);
    EXPECT_GT(found.output_correlation, found.input_correlation) << "24 mixtures of 12 independent features";
  }
}

TEST(ProjectorDynamics, OfAnOrthogonalProjectorHaveUnitSingularValues) {
  const auto found = dynamics("{ use = \"orthogonal\" }");
  ASSERT_THAT(weights(found), ElementsAre("map"));
  EXPECT_NEAR(found.weights[0].spectrum.largest, 1.0, 1e-5);
  EXPECT_NEAR(found.weights[0].spectrum.smallest, 1.0, 1e-5);
  EXPECT_NEAR(found.weights[0].spectrum.effective_rank, 12.0, 1e-5);
}

TEST(ProjectorDynamics, OfAnMlpAreThoseOfItsLayers) {
  const auto found = dynamics("{ use = \"mlp\", width = 30 }");
  EXPECT_THAT(weights(found), ElementsAre("layers.linear1.weight", "layers.linear2.weight"));
  EXPECT_FALSE(found.relations);
  EXPECT_GT(found.output_correlation, 0.0);
}

}  // namespace
}  // namespace retort::engine
