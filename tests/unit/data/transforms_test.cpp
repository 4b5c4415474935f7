#include "data/transforms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <retort/error.hpp>

#include "data/random_bits.hpp"
#include "splitmix64.hpp"
#include "transform_chain.hpp"

namespace retort::data {
namespace {

using ::testing::HasSubstr;

Draw draw_of(const at::Tensor& index, std::uint64_t seed, std::int64_t epoch) {
  return {index, torch::scalar_tensor(sequence_key(seed, epoch, Purpose::Augmentation), torch::kInt64)};
}

at::Tensor random_images(std::int64_t n, std::int64_t channels, std::int64_t height, std::int64_t width) {
  return torch::randint(0, 256, {n, channels, height, width}, torch::kUInt8);
}

std::string rejection(const Shape& image, const config::TransformSpec& spec) {
  try {
    Transforms(image).add(spec);
  } catch (const InvalidParameter& error) {
    return error.what();
  }
  return "accepted";
}

// One sample, pixel by pixel.
at::Tensor reference_crop(const at::Tensor& image, std::int64_t size, std::int64_t padding, std::uint64_t bits) {
  const std::int64_t height = image.size(1), width = image.size(2);
  const std::int64_t top = reference_integer(bits >> 32, height + 2 * padding - size + 1) - padding;
  const std::int64_t left = reference_integer(bits, width + 2 * padding - size + 1) - padding;
  at::Tensor result = torch::zeros({image.size(0), size, size}, torch::kUInt8);
  const auto in = image.accessor<std::uint8_t, 3>();
  auto out = result.accessor<std::uint8_t, 3>();
  for (std::int64_t c = 0; c < image.size(0); ++c) {
    for (std::int64_t y = 0; y < size; ++y) {
      for (std::int64_t x = 0; x < size; ++x) {
        const std::int64_t row = y + top, column = x + left;
        if (row >= 0 && row < height && column >= 0 && column < width) out[c][y][x] = in[c][row][column];
      }
    }
  }
  return result;
}

at::Tensor reference_flip(const at::Tensor& image, double probability, std::uint64_t bits) {
  return static_cast<double>(bits >> 32) < probability * 4294967296.0 ? image.flip(2) : image;
}

TEST(Transforms, EqualALoopOverSamples) {
  struct Case {
    std::int64_t channels, height, width, size, padding;
  };
  for (const Case c : {Case{3, 32, 32, 32, 4}, Case{1, 28, 28, 24, 0}, Case{1, 8, 8, 8, 1}, Case{3, 12, 20, 10, 3}}) {
    const at::Tensor images = random_images(60, c.channels, c.height, c.width);
    const Draw draw = draw_of(torch::randperm(1000).slice(0, 0, 60), 11, 4);
    const at::Tensor result =
        chain({c.channels, c.height, c.width}, {crop(c.size, c.padding), flip(0.3)}).apply(images, draw);
    ASSERT_EQ(result.scalar_type(), torch::kUInt8);
    for (std::int64_t i = 0; i < 60; ++i) {
      const auto key = draw.key.item<std::int64_t>(), sample = draw.index[i].item<std::int64_t>();
      const at::Tensor window = reference_crop(images[i], c.size, c.padding, reference_bits(key, sample, 0));
      EXPECT_TRUE(result[i].equal(reference_flip(window, 0.3, reference_bits(key, sample, 1)))) << "sample " << sample;
    }
  }
}

TEST(Transforms, ReplayASampleInAnyBatch) {
  const at::Tensor images = random_images(50, 3, 32, 32);
  const Transforms transforms = chain({3, 32, 32}, {crop(32, 4), flip(0.5)});
  const at::Tensor all = transforms.apply(images, draw_of(torch::arange(50), 9, 2));
  const at::Tensor some = torch::tensor({31, 4, 4, 17}, torch::kInt64);
  EXPECT_TRUE(transforms.apply(images.index_select(0, some), draw_of(some, 9, 2)).equal(all.index_select(0, some)));
  EXPECT_FALSE(transforms.apply(images, draw_of(torch::arange(50), 9, 3)).equal(all)) << "another epoch";
  EXPECT_FALSE(transforms.apply(images, draw_of(torch::arange(50), 8, 2)).equal(all)) << "another seed";
}

TEST(Transforms, LeaveImagesAloneWithoutPaddingAndFlips) {
  const at::Tensor images = random_images(20, 3, 32, 32);
  const Draw draw = draw_of(torch::arange(20), 1, 1);
  EXPECT_TRUE(chain({3, 32, 32}, {crop(32, 0), flip(0)}).apply(images, draw).equal(images));
  EXPECT_TRUE(chain({3, 32, 32}, {}).apply(images, draw).equal(images));
  EXPECT_TRUE(chain({3, 32, 32}, {flip(1)}).apply(images, draw).equal(images.flip(3)));
}

// The 81 windows of a crop with padding 4, mirrored or not: 162 equally likely views. Each pixel of the image names its
// place, so the pixels at the middle of a view tell which one it is.
TEST(Transforms, AllViewsAreEquallyLikely) {
  constexpr std::int64_t kViews = 162, kSamples = kViews * 200;
  const at::Tensor image = torch::arange(256).to(torch::kUInt8).view({1, 1, 16, 16});
  const at::Tensor views =
      chain({1, 16, 16}, {crop(16, 4), flip(0.5)})
          .apply(image.expand({kSamples, 1, 16, 16}).contiguous(), draw_of(torch::arange(kSamples), 2024, 0));
  std::vector<double> counts(kViews, 0);
  const auto pixels = views.accessor<std::uint8_t, 4>();
  for (std::int64_t i = 0; i < kSamples; ++i) {
    const int left = pixels[i][0][8][7], right = pixels[i][0][8][8];
    const bool mirrored = right < left;
    const int middle = mirrored ? left : right;  // pixel (8, 8) of the window
    const int top = middle / 16 - 4, side = middle % 16 - 4;
    ASSERT_TRUE(top >= 0 && top < 9 && side >= 0 && side < 9);
    counts[(top * 9 + side) * 2 + mirrored] += 1;
  }
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 200) * (count - 200) / 200;
  // 161 degrees of freedom: below 108 or above 228 once in a thousand times each.
  EXPECT_GT(chi_square, 108);
  EXPECT_LT(chi_square, 228);
}

TEST(Transforms, KnowTheirOutputShape) {
  EXPECT_EQ(chain({3, 32, 32}, {crop(28, 2), flip(0.5)}).output_shape(), (Shape{3, 28, 28}));
  EXPECT_EQ(chain({1, 12, 20}, {crop(10, 0)}).output_shape(), (Shape{1, 10, 10}));
  const at::Tensor result = chain({3, 32, 32}, {crop(28, 2), crop(20, 0)})
                                .apply(random_images(4, 3, 32, 32), draw_of(torch::arange(4), 1, 0));
  EXPECT_EQ(result.sizes(), (std::vector<std::int64_t>{4, 3, 20, 20}));
}

TEST(Transforms, TheSecondCropIsCheckedAgainstTheFirst) {
  Transforms transforms({3, 32, 32});
  transforms.add(crop(24, 0));
  EXPECT_THROW(transforms.add(crop(32, 0)), InvalidParameter);
}

TEST(Transforms, RefuseWhatDoesNotFit) {
  EXPECT_EQ(rejection({1, 8, 8}, crop(17, 4)),
            "random_crop: size must be at most 16 for images of 1x8x8 padded by 4, found 17");
  EXPECT_EQ(rejection({3, 40, 8}, crop(32, 4)),
            "random_crop: size must be at most 16 for images of 3x40x8 padded by 4, found 32");
  EXPECT_THAT(rejection({3, 32, 32}, {.use = "random_crop"}), HasSubstr("size"));
  EXPECT_THAT(rejection({3, 32, 32}, flip(1.5)), HasSubstr("probability"));
  EXPECT_THAT(rejection({3, 32, 32}, {.use = "random_flop"}), HasSubstr("did you mean 'random_flip'?"));
}

}  // namespace
}  // namespace retort::data
