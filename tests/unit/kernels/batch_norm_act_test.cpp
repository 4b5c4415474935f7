#include "kernels/batch_norm_act.hpp"

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <retort/error.hpp>

namespace {

using retort::kernels::batch_norm_act;
using retort::kernels::batch_norm_act_reference;

constexpr double kMomentum = 0.1, kEps = 1e-5;

struct Inputs {
  at::Tensor x, weight, bias, running_mean, running_var, residual, seed;  // seed: the gradient of the result

  // Of another type: maps of `maps`, parameters of `parameters`; leaves with gradients.
  Inputs to(at::ScalarType maps, at::ScalarType parameters) const {
    const auto leaf = [](const at::Tensor& tensor, at::ScalarType type) {
      return tensor.defined() ? tensor.detach().to(type, false, true).set_requires_grad(true) : tensor;
    };
    return {leaf(x, maps),
            leaf(weight, parameters),
            leaf(bias, parameters),
            running_mean.to(parameters, false, true),
            running_var.to(parameters, false, true),
            leaf(residual, maps),
            seed.to(maps)};
  }
};

// Values that float32, and with mean 0 bfloat16, holds exactly: all types start from the same ones.
Inputs inputs(at::IntArrayRef sizes, bool residual, double mean = 0) {
  at::manual_seed(5);
  const auto map = [&] {
    return at::randn(sizes).to(at::kBFloat16).to(at::kDouble).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const auto vector = [&] { return at::randn({sizes[1]}).to(at::kDouble); };
  return {(map() + mean).to(at::kFloat).to(at::kDouble),
          vector(),
          vector(),
          vector(),
          vector().abs(),
          residual ? map() : at::Tensor(),
          map()};
}

struct Results {
  at::Tensor y, x, weight, bias, residual, running_mean, running_var;
};

template <class Function>
Results run(const Function& function, const Inputs& in, bool relu) {
  const auto y =
      function(in.x, in.weight, in.bias, in.running_mean, in.running_var, kMomentum, kEps, relu, in.residual);
  torch::autograd::backward({y}, {in.seed});
  return {y.detach(),
          in.x.grad(),
          in.weight.grad(),
          in.bias.grad(),
          in.residual.defined() ? in.residual.grad() : at::Tensor(),
          in.running_mean,
          in.running_var};
}

// Elementwise within `tolerance` of the largest value: sums of many terms have no relative precision of their own.
void expect_close(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const char* what) {
  ASSERT_TRUE(actual.defined()) << what;
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  const double scale = expected.abs().max().item<double>() + 1e-30;
  const double error = (actual.to(at::kDouble) - expected).abs().max().item<double>();
  EXPECT_LE(error / scale, tolerance) << what;
}

void expect_close(const Results& actual, const Results& expected, double maps, double vectors) {
  expect_close(actual.y, expected.y, maps, "y");
  expect_close(actual.x, expected.x, maps, "gradient of x");
  expect_close(actual.weight, expected.weight, vectors, "gradient of weight");
  expect_close(actual.bias, expected.bias, vectors, "gradient of bias");
  expect_close(actual.running_mean, expected.running_mean, vectors, "running mean");
  expect_close(actual.running_var, expected.running_var, vectors, "running variance");
  if (expected.residual.defined()) expect_close(actual.residual, expected.residual, maps, "gradient of residual");
}

struct Case {
  std::vector<std::int64_t> sizes;
  bool relu, residual;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.sizes << (c.relu ? " relu" : "") << (c.residual ? " residual" : "");
}

class BatchNormAct : public ::testing::TestWithParam<Case> {};

TEST_P(BatchNormAct, IsThatOfFloat64Operators) {
  const auto& [sizes, relu, residual] = GetParam();
  const Inputs in = inputs(sizes, residual);
  const auto expected = run(batch_norm_act_reference, in.to(at::kDouble, at::kDouble), relu);
  expect_close(run(batch_norm_act, in.to(at::kFloat, at::kFloat), relu), expected, 2e-6, 2e-6);
  const auto half = run(batch_norm_act, in.to(at::kBFloat16, at::kFloat), relu);
  EXPECT_EQ(half.y.scalar_type(), at::kBFloat16);
  EXPECT_EQ(half.x.scalar_type(), at::kBFloat16);
  EXPECT_EQ(half.weight.scalar_type(), at::kFloat);
  expect_close(half, expected, 1.0 / 256, 2e-6);
}

TEST_P(BatchNormAct, ReturnsChannelsLastAndTakesAnyFormat) {
  const auto& [sizes, relu, residual] = GetParam();
  const Inputs in = inputs(sizes, residual).to(at::kFloat, at::kFloat);
  Inputs other = in.to(at::kFloat, at::kFloat);
  other.x = in.x.detach().contiguous().set_requires_grad(true);
  other.seed = in.seed.contiguous();
  const auto expected = run(batch_norm_act, in, relu), actual = run(batch_norm_act, other, relu);
  EXPECT_TRUE(actual.y.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(at::equal(actual.y, expected.y));
  EXPECT_TRUE(at::equal(actual.x, expected.x));
}

// Tiles of four, two and one vector, and tails of each width; more rows than a block.
INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormAct,
                         ::testing::Values(Case{{8, 16, 8, 8}, true, false}, Case{{8, 16, 8, 8}, false, false},
                                           Case{{8, 16, 8, 8}, true, true}, Case{{8, 16, 8, 8}, false, true},
                                           Case{{2, 1, 3, 3}, true, true}, Case{{3, 3, 5, 5}, true, false},
                                           Case{{2, 24, 5, 7}, true, true}, Case{{5, 37, 4, 4}, false, true},
                                           Case{{4, 64, 16, 16}, true, false}, Case{{3, 130, 4, 4}, true, true},
                                           Case{{2, 640, 4, 4}, true, false}, Case{{16, 7, 1, 1}, true, true}));

TEST(BatchNormActOnce, KeepsItsPrecisionWhereTheMeanIsFarLargerThanTheDeviation) {
  const Inputs in = inputs({8, 20, 8, 8}, false, 4096);
  const auto expected = run(batch_norm_act_reference, in.to(at::kDouble, at::kDouble), false);
  expect_close(run(batch_norm_act, in.to(at::kFloat, at::kFloat), false), expected, 3e-6, 3e-6);
}

TEST(BatchNormActOnce, DoesNotLetOneValueSpoilTheStatistics) {
  Inputs in = inputs({8, 16, 8, 8}, false);
  in.x.select(0, 0).select(1, 0).select(1, 0).fill_(1e4);  // the first row, by which the others are shifted
  const auto expected = run(batch_norm_act_reference, in.to(at::kDouble, at::kDouble), false);
  expect_close(run(batch_norm_act, in.to(at::kFloat, at::kFloat), false), expected, 5e-4, 5e-4);
}

TEST(BatchNormActOnce, GivesTheSameBitsWithTheSameThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const Inputs in = inputs({16, 32, 16, 16}, true);
  const auto first = run(batch_norm_act, in.to(at::kFloat, at::kFloat), true);
  const auto again = run(batch_norm_act, in.to(at::kFloat, at::kFloat), true);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(first.y, again.y));
  EXPECT_TRUE(at::equal(first.x, again.x));
  EXPECT_TRUE(at::equal(first.weight, again.weight));
  expect_close(first, run(batch_norm_act_reference, in.to(at::kDouble, at::kDouble), true), 2e-6, 2e-6);
}

TEST(BatchNormActOnce, PassesNaNOn) {
  Inputs in = inputs({2, 4, 2, 2}, false).to(at::kFloat, at::kFloat);
  in.x.detach().select(1, 2).fill_(std::nan(""));
  const auto y = batch_norm_act(in.x, in.weight, in.bias, {}, {}, kMomentum, kEps, true);
  EXPECT_TRUE(y.select(1, 2).isnan().all().item<bool>());
  EXPECT_FALSE(y.select(1, 1).isnan().any().item<bool>());
}

TEST(BatchNormActOnce, NeedsTwoValuesAChannelAndFourDimensions) {
  const auto one = at::ones({3});
  EXPECT_THROW(batch_norm_act(at::ones({1, 3, 1, 1}), one, one, {}, {}, kMomentum, kEps, true), retort::ShapeError);
  EXPECT_THROW(batch_norm_act(at::ones({4, 3}), one, one, {}, {}, kMomentum, kEps, true), retort::ShapeError);
}

TEST(BatchNormActOnce, RefusesASecondDerivative) {
  const Inputs in = inputs({2, 4, 2, 2}, false).to(at::kFloat, at::kFloat);
  const auto y = batch_norm_act(in.x, in.weight, in.bias, {}, {}, kMomentum, kEps, true);
  EXPECT_THROW(torch::autograd::grad({y.sum()}, {in.x}, {}, true, /*create_graph=*/true), retort::Error);
}

TEST(BatchNormActOnce, ComputesOnlyTheGradientsThatAreAskedFor) {
  Inputs in = inputs({2, 4, 2, 2}, true).to(at::kFloat, at::kFloat);
  in.x = in.x.detach();
  in.residual = in.residual.detach();
  const auto results = run(batch_norm_act, in, true);
  EXPECT_FALSE(results.x.defined());
  EXPECT_FALSE(results.residual.defined());
  EXPECT_TRUE(results.weight.defined());
}

}  // namespace
