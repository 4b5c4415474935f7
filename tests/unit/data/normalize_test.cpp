#include "data/normalize.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <retort/error.hpp>

namespace retort::data {
namespace {

TEST(Normalize, ScalesEachChannel) {
  const std::vector<double> mean{0.5071, 0.4867, 0.4408}, deviation{0.2675, 0.2565, 0.2761};
  const at::Tensor images = torch::arange(2 * 3 * 4 * 5).to(torch::kUInt8).mul(2).view({2, 3, 4, 5});
  const at::Tensor result = Normalize(mean, deviation, torch::kCPU)(images);
  ASSERT_EQ(result.scalar_type(), torch::kFloat32);
  const auto in = images.accessor<std::uint8_t, 4>();
  const auto out = result.accessor<float, 4>();
  for (int n = 0; n < 2; ++n) {
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 5; ++x)
          EXPECT_NEAR(out[n][c][y][x], (in[n][c][y][x] / 255.0 - mean[c]) / deviation[c], 1e-6);
      }
    }
  }
}

TEST(Normalize, RefusesWhatDoesNotFit) {
  EXPECT_THROW(Normalize({0.5, 0.5}, {0.2}, torch::kCPU), InvalidParameter);
  EXPECT_THROW(Normalize({0.5}, {0.0}, torch::kCPU), InvalidParameter);
  EXPECT_THROW(Normalize({0.5}, {0.2}, torch::kCPU)(torch::zeros({2, 3, 4, 4}, torch::kUInt8)), ShapeError);
}

}  // namespace
}  // namespace retort::data
