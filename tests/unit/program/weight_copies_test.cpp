#include <gtest/gtest.h>
#include <torch/torch.h>

#include "program/weight_copies.hpp"

namespace retort::program {
namespace {

TEST(WeightCopies, FollowTheirWeights) {
  WeightCopies copies(torch::kBFloat16);
  const torch::Tensor weight = torch::randn({4, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor copy = copies.of(weight);
  EXPECT_TRUE(torch::equal(copy, weight.to(torch::kBFloat16)));
  EXPECT_TRUE(copy.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(copies.of(weight).is_same(copy));
  weight.mul_(3);
  copies.refresh();
  EXPECT_TRUE(torch::equal(copy, weight.to(torch::kBFloat16)));
  EXPECT_TRUE(copies.find(weight).is_same(copy));
  EXPECT_FALSE(copies.find(torch::zeros({1})).defined());
}

}  // namespace
}  // namespace retort::program
