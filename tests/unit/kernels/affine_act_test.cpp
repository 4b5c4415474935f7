#include "kernels/affine_act.hpp"

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <torch/types.h>

namespace {

using retort::kernels::affine_act;
using retort::kernels::affine_act_reference;

class AffineAct : public ::testing::TestWithParam<std::vector<std::int64_t>> {};

TEST_P(AffineAct, IsWhatLibTorchsOperatorsGive) {
  at::manual_seed(3);
  const auto& sizes = GetParam();
  const auto scale = at::randn({sizes[1]}), shift = at::randn({sizes[1]});
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto x = at::randn(sizes).to(type), other = at::randn(sizes).to(type);
    for (const bool relu : {false, true}) {
      for (const auto& residual : {at::Tensor(), other}) {
        const auto expected = affine_act_reference(x, scale, shift, relu, residual);
        const auto actual = affine_act(x, scale, shift, relu, residual);
        EXPECT_EQ(actual.scalar_type(), type);
        EXPECT_TRUE(actual.is_contiguous(at::MemoryFormat::ChannelsLast));
        // FMA may turn a rounding of bfloat16 the other way.
        EXPECT_TRUE(at::allclose(actual, expected, type == at::kFloat ? 1e-5 : 1.0 / 128, 1e-6));
        EXPECT_TRUE(
            at::equal(affine_act(x.contiguous(at::MemoryFormat::ChannelsLast), scale, shift, relu, residual), actual));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AffineAct,
    ::testing::Values(std::vector<std::int64_t>{4, 16, 8, 8}, std::vector<std::int64_t>{2, 3, 5, 5},
                      std::vector<std::int64_t>{2, 37, 4, 4}, std::vector<std::int64_t>{1, 1, 1, 1},
                      std::vector<std::int64_t>{8, 128, 1, 1}, std::vector<std::int64_t>{0, 4, 2, 2}));

TEST(AffineAct, IsDifferentiableWhereAGradientIsAskedFor) {
  const auto x = at::randn({2, 3, 2, 2}), scale = at::randn({3}).set_requires_grad(true), shift = at::zeros({3});
  affine_act(x, scale, shift, false).sum().backward();
  EXPECT_TRUE(at::allclose(scale.grad(), x.sum({0, 2, 3}), 1e-5, 1e-6));
}

TEST(AffineAct, ComputesFloat64ByTheReference) {
  const auto x = at::randn({2, 3, 2, 2}, at::kDouble), scale = at::randn({3}, at::kDouble);
  const auto y = affine_act(x, scale, scale, true);
  EXPECT_EQ(y.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(y, (x * scale.view({1, 3, 1, 1}) + scale.view({1, 3, 1, 1})).relu()));
}

}  // namespace
