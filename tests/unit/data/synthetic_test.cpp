#include <gtest/gtest.h>
#include <torch/types.h>

#include "built_dataset.hpp"

namespace {

using retort::Split;

std::unique_ptr<retort::Dataset> synthetic(const retort::Table& params = {}) {
  return built_dataset("synthetic", "synthetic", params);
}

retort::ResidentSplit load(const retort::Table& params, Split split) {
  const auto dataset = synthetic(params);
  return load_checked(*dataset, split);
}

// The share of test images whose nearest class mean of the train split, in squared distance, is their own class's.
double nearest_mean_accuracy(const retort::Table& params) {
  const auto train = load(params, Split::Train), test = load(params, Split::Test);
  const std::int64_t classes = synthetic(params)->info().classes;
  std::vector<at::Tensor> means;
  for (std::int64_t c = 0; c < classes; ++c) {
    means.push_back(train.images.index({train.labels == c}).to(torch::kFloat32).mean(0).flatten());
  }
  const at::Tensor distance = torch::cdist(test.images.to(torch::kFloat32).flatten(1), torch::stack(means));
  return distance.argmin(1).eq(test.labels).to(torch::kFloat64).mean().item<double>();
}

TEST(Synthetic, HasTheSizesAskedFor) {
  const retort::Table params{{"classes", 7}, {"image", retort::List{1, 9, 12}}, {"train", 1500}, {"test", 20}};
  const auto train = load(params, Split::Train), test = load(params, Split::Test);
  EXPECT_EQ(train.images.sizes(), (std::vector<std::int64_t>{1500, 1, 9, 12}));
  EXPECT_EQ(test.images.sizes(), (std::vector<std::int64_t>{20, 1, 9, 12}));
  EXPECT_TRUE(test.labels.bincount().equal(torch::tensor({3, 3, 3, 3, 3, 3, 2}, torch::kInt64)));
}

TEST(Synthetic, FollowsFromTheSeed) {
  const retort::Table one{{"seed", 1}, {"train", 50}, {"test", 50}}, two{{"seed", 2}, {"train", 50}, {"test", 50}};
  EXPECT_TRUE(load(one, Split::Train).images.equal(load(one, Split::Train).images));
  EXPECT_FALSE(load(one, Split::Train).images.equal(load(two, Split::Train).images));
  EXPECT_FALSE(load(one, Split::Train).images.equal(load(one, Split::Test).images));
}

TEST(Synthetic, CanBeLearnt) {
  EXPECT_GT(nearest_mean_accuracy({}), 0.99);
  EXPECT_GT(nearest_mean_accuracy({{"classes", 5}, {"image", retort::List{1, 8, 8}}}), 0.99);
}

TEST(Synthetic, NoiseMakesItHarder) {
  EXPECT_LT(nearest_mean_accuracy({{"noise", 60.0}}), 0.9);
}

TEST(Synthetic, WithoutNoiseAClassIsOneImage) {
  const auto train = load({{"noise", 0}, {"classes", 4}, {"train", 12}}, Split::Train);
  for (int i = 4; i < 12; ++i) EXPECT_TRUE(train.images[i].equal(train.images[i % 4]));
  EXPECT_FALSE(train.images[0].equal(train.images[1]));
}

TEST(Synthetic, HasTheStatisticsThatItDeclares) {
  for (const double noise : {0.0, 1.0, 10.0}) {
    const retort::Table params{{"noise", noise}};
    const auto info = synthetic(params)->info();
    const ChannelStatistics found = channel_statistics(load(params, Split::Train).images);
    for (int channel = 0; channel < 3; ++channel) {
      EXPECT_NEAR(info.mean[channel], found.mean[channel], 0.01);
      EXPECT_NEAR(info.deviation[channel], found.deviation[channel], 0.01);
    }
  }
}

TEST(Synthetic, RefusesAShapeThatIsNone) {
  EXPECT_THROW(synthetic({{"image", retort::List{8, 8}}}), retort::InvalidParameter);
}

}  // namespace
