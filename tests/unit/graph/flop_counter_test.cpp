#include "graph/flop_counter.hpp"

#include <gtest/gtest.h>
#include <torch/nn.h>

namespace retort::graph {
namespace {

TEST(FlopCounter, CountsTwoForEachMultiplyAddOfAConvolution) {
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(8, 16, 3).stride(2).padding(1).groups(4));
  const torch::Tensor images = torch::randn({2, 8, 10, 10});
  const FlopCounter counter;
  convolution(images);
  // 2 images, 16 channels, 5 x 5 positions, each the sum over 8/4 channels of 3 x 3 products.
  EXPECT_EQ(counter.count(), 2 * (2 * 16 * 5 * 5) * (8 / 4 * 3 * 3));
}

TEST(FlopCounter, CountsTransposedConvolutionsByTheirInputs) {
  torch::nn::ConvTranspose2d convolution(torch::nn::ConvTranspose2dOptions(4, 6, 2).stride(2));
  const FlopCounter counter;
  convolution(torch::randn({1, 4, 5, 5}));
  EXPECT_EQ(counter.count(), 2 * (4 * 5 * 5) * (6 * 2 * 2));
}

TEST(FlopCounter, CountsMatrixProducts) {
  torch::nn::Linear linear(7, 5);
  const FlopCounter counter;
  linear(torch::randn({3, 7}));
  EXPECT_EQ(counter.count(), 2 * 3 * 7 * 5);
  torch::matmul(torch::randn({2, 3, 4}), torch::randn({2, 4, 6}));
  EXPECT_EQ(counter.count(), 2 * 3 * 7 * 5 + 2 * (2 * 3 * 4 * 6));
}

TEST(FlopCounter, ElementwiseOperationsAreFree) {
  const FlopCounter counter;
  torch::relu(torch::randn({100}) + 1.0);
  EXPECT_EQ(counter.count(), 0);
}

}  // namespace
}  // namespace retort::graph
