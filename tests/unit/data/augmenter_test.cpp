#include "data/augmenter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <retort/error.hpp>
#include <retort/testing_operators.hpp>

#include "data/random_bits.hpp"
#include "transform_chain.hpp"

namespace retort::data {
namespace {

Normalize normalize_for(std::int64_t channels) {
  std::vector<double> mean, deviation;
  for (std::int64_t c = 0; c < channels; ++c) {
    mean.push_back(0.41 + 0.03 * static_cast<double>(c));
    deviation.push_back(0.26 - 0.01 * static_cast<double>(c));
  }
  return {mean, deviation, torch::kCPU};
}

struct Case {
  const char* name;
  Shape image;
  std::vector<config::TransformSpec> specs;
};

class CropAndFlipPass : public ::testing::TestWithParam<Case> {};

// The kernel against the operators one after the other, on images of random bytes.
TEST_P(CropAndFlipPass, MakesWhatTheTransformsMake) {
  constexpr std::int64_t kImages = 40;
  const auto& [name, image, specs] = GetParam();
  const at::Tensor images = torch::randint(0, 256, {kImages, image[0], image[1], image[2]}, torch::kUInt8);
  const Draw draw{torch::randperm(kImages, torch::kInt64).slice(0, 0, 33),
                  torch::scalar_tensor(sequence_key(11, 2, Purpose::Augmentation), torch::kInt64)};
  const Normalize normalize = normalize_for(image[0]);
  const at::Tensor expected = normalize(chain(image, specs).apply(images.index_select(0, draw.index), draw));

  const Augmenter augmenter(chain(image, specs));
  const StoredImages stored = store_images(images, augmenter.border(), torch::kCPU);
  EXPECT_TRUE(stored.plain({}).equal(images));
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const at::Tensor exact = augmenter.images(stored, draw.index, draw, normalize, torch::kFloat, format);
    EXPECT_TRUE(exact.is_contiguous(format));
    EXPECT_EQ(exact.scalar_type(), torch::kFloat);
    EXPECT_TRUE(exact.equal(expected)) << (exact - expected).abs().max().item<double>();
    const at::Tensor rounded = augmenter.images(stored, draw.index, draw, normalize, torch::kBFloat16, format);
    EXPECT_TRUE(rounded.is_contiguous(format));
    EXPECT_TRUE(rounded.equal(expected.to(torch::kBFloat16)));
  }
  // The batch's own images, in their order.
  const StoredImages gathered{stored.bytes.index_select(0, draw.index), stored.border};
  EXPECT_TRUE(
      augmenter.images(gathered, {}, draw, normalize, torch::kFloat, at::MemoryFormat::Contiguous).equal(expected));
}

INSTANTIATE_TEST_SUITE_P(
    Chains, CropAndFlipPass,
    ::testing::Values(Case{"Nothing", {3, 32, 32}, {}}, Case{"Cifar", {3, 32, 32}, {crop(32, 4), flip(0.5)}},
                      Case{"FlipFirst", {3, 32, 32}, {flip(0.5), crop(28, 3)}}, Case{"Crop", {3, 9, 13}, {crop(7, 2)}},
                      Case{"AlwaysFlip", {3, 5, 7}, {flip(1)}}, Case{"NeverFlip", {3, 5, 7}, {flip(0)}},
                      Case{"Grey", {1, 28, 28}, {crop(28, 2), flip(0.5)}},
                      Case{"TwoChannels", {2, 11, 10}, {flip(0.3), crop(9, 0)}},
                      Case{"FourChannels", {4, 6, 6}, {crop(6, 1), flip(0.5)}},
                      Case{"OnePixel", {3, 1, 1}, {flip(0.5)}}, Case{"Large", {3, 70, 90}, {crop(64, 0), flip(0.5)}},
                      Case{"TwoCrops", {3, 16, 16}, {crop(14, 1), crop(10, 0), flip(0.5)}},
                      Case{"TwoFlips", {3, 8, 8}, {flip(0.5), crop(8, 1), flip(0.5)}}),
    [](const auto& info) { return info.param.name; });

TEST(Augmenter, ReportsItsPassToProfilers) {
  const Augmenter augmenter(chain({3, 8, 8}, {crop(8, 1), flip(0.5)}));
  const StoredImages stored = store_images(torch::zeros({2, 3, 8, 8}, torch::kUInt8), augmenter.border(), torch::kCPU);
  const Draw draw{torch::arange(2), torch::zeros({}, torch::kInt64)};
  EXPECT_THAT(::retort::testing::operators_of([&] {
                augmenter.images(stored, draw.index, draw, normalize_for(3), torch::kFloat,
                                 at::MemoryFormat::Contiguous);
              }),
              ::testing::Contains("retort::crop_flip"));
}

// Each byte in each channel: value * scale + shift as LibTorch's operators round it.
TEST(Augmenter, NormalisesEveryByteAlike) {
  const at::Tensor images = torch::arange(256).to(torch::kUInt8).view({1, 1, 16, 16}).repeat({1, 3, 1, 1});
  const Augmenter augmenter(Transforms({3, 16, 16}));
  const Draw draw{torch::zeros({1}, torch::kInt64), torch::zeros({}, torch::kInt64)};
  const Normalize normalize({0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}, torch::kCPU);
  const at::Tensor result = augmenter.images(store_images(images, 0, torch::kCPU), draw.index, draw, normalize,
                                             torch::kFloat, at::MemoryFormat::Contiguous);
  EXPECT_TRUE(result.equal(normalize(images)));
}

TEST(Augmenter, RefusesOtherTypes) {
  const Augmenter augmenter(Transforms({1, 2, 2}));
  const Draw draw{torch::zeros({1}, torch::kInt64), torch::zeros({}, torch::kInt64)};
  const StoredImages stored = store_images(torch::zeros({1, 1, 2, 2}, torch::kUInt8), 0, torch::kCPU);
  EXPECT_THROW(augmenter.images(stored, {}, draw, normalize_for(1), torch::kHalf, at::MemoryFormat::Contiguous),
               InvalidParameter);
  EXPECT_THROW(augmenter.images(stored, {}, draw, normalize_for(2), torch::kFloat, at::MemoryFormat::Contiguous),
               ShapeError);
}

TEST(Normalize, IsEqualWhenStatisticsAre) {
  EXPECT_EQ(normalize_for(3), normalize_for(3));
  EXPECT_FALSE(normalize_for(3) == normalize_for(2));
  EXPECT_FALSE(normalize_for(1) == Normalize({0.41}, {0.25}, torch::kCPU));
}

}  // namespace
}  // namespace retort::data
