#include <gmock/gmock.h>
#include <retort/testing.hpp>

#include <cmath>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

// Values of (x - x.mean(1)) / (1e-7 + x.std(1)) in PyTorch 2.11, float64.
TEST(Standardize, AgreesWithPyTorch) {
  const auto features = torch::tensor({{1.0, 2.0, 4.0, 8.0}, {3.0, -1.0, 0.0, 5.0}}, torch::kFloat64);
  const auto expected = torch::tensor({{-0.888330109700322, -0.565300978900205, 0.080757282700029, 1.372873805900497},
                                       {0.453920633018086, -0.998625392639789, -0.63548888622532, 1.180193645847023}},
                                      torch::kFloat64);
  EXPECT_TRUE(torch::allclose(plugin.normalization("standardize", {4})->forward(features), expected, 0, 1e-14));
  const auto biased = plugin.normalization("standardize", {4}, {{"unbiased", false}, {"eps", 0}})->forward(features);
  EXPECT_TRUE(torch::allclose(biased, expected * std::sqrt(4.0 / 3.0), 0, 1e-6));
}

TEST(Standardize, RunsOverAllValuesOfASample) {
  for (const retort::Shape& shape : {retort::Shape{5, 8}, retort::Shape{8, 3, 3}}) {
    std::vector<std::int64_t> sizes{2};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    const auto result = plugin.normalization("standardize", shape)->forward(torch::randn(sizes) * 2 + 3).flatten(1);
    EXPECT_TRUE(torch::allclose(result.mean(1), torch::zeros({2}), 0, 1e-5));
    EXPECT_TRUE(torch::allclose(result.std(1), torch::ones({2}), 1e-5));
  }
}

TEST(Standardize, TurnsAConstantSampleIntoZerosWithAFiniteGradient) {
  const auto features = torch::full({2, 4}, 3.0).set_requires_grad(true);
  const auto result = plugin.normalization("standardize", {4})->forward(features);
  EXPECT_TRUE(torch::equal(result, torch::zeros({2, 4})));
  result.square().sum().backward();
  EXPECT_TRUE(torch::isfinite(features.grad()).all().item<bool>());
}

TEST(Standardize, RefusesASingleValue) {
  EXPECT_THROW(plugin.normalization("standardize", {1}), retort::ShapeError);
}

TEST(Standardize, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_normalization(plugin, "standardize"), IsEmpty());
  EXPECT_THAT(retort::testing::check_normalization(plugin, "standardize", {{"unbiased", false}}), IsEmpty());
}

}  // namespace
