#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>

#include <retort/error.hpp>

#include "data/random_bits.hpp"
#include "data/source.hpp"

namespace retort::data {
namespace {

config::TransformSpec crop(std::int64_t size, std::int64_t padding) {
  return {.use = "random_crop", .params = {{"size", size}, {"padding", padding}}};
}

config::TransformSpec flip() {
  return {.use = "random_flip", .params = {{"probability", 0.5}}};
}

Transforms chain(const Shape& image, const std::vector<config::TransformSpec>& specs) {
  Transforms transforms(image);
  for (const auto& spec : specs) transforms.add(spec);
  return transforms;
}

Draw draw_of(std::int64_t samples) {
  return {torch::arange(samples, torch::kInt64),
          torch::scalar_tensor(sequence_key(3, 5, Purpose::Augmentation), torch::kInt64)};
}

struct Case {
  const char* name;
  std::vector<config::TransformSpec> specs;
  std::int64_t views;
};

class ViewNumbers : public ::testing::TestWithParam<Case> {};

// Many samples of one image of which no two windows are alike: those with one view number have become the same image,
// those with different numbers different ones, and every number occurs.
TEST_P(ViewNumbers, TellWhatApplyMakesOfAnImage) {
  const Transforms transforms = chain({2, 5, 6}, GetParam().specs);
  ASSERT_TRUE(transforms.views().enumerable());
  ASSERT_EQ(transforms.views().count, GetParam().views);
  const std::int64_t samples = 60 * GetParam().views;
  const at::Tensor image = torch::arange(1, 61).to(torch::kUInt8).view({1, 2, 5, 6});
  const Draw draw = draw_of(samples);
  const at::Tensor images = transforms.apply(image.expand({samples, 2, 5, 6}).contiguous(), draw);
  const at::Tensor views = transforms.view(draw);
  ASSERT_EQ(views.sizes(), (std::vector<std::int64_t>{samples}));
  std::map<std::int64_t, at::Tensor> seen;
  for (std::int64_t i = 0; i < samples; ++i) {
    const auto [first, added] = seen.emplace(views[i].item<std::int64_t>(), images[i]);
    ASSERT_TRUE(added || first->second.equal(images[i])) << "sample " << i << ", view " << first->first;
  }
  EXPECT_EQ(static_cast<std::int64_t>(seen.size()), GetParam().views);
  EXPECT_EQ(seen.begin()->first, 0);
  EXPECT_EQ(seen.rbegin()->first, GetParam().views - 1);
  for (auto a = seen.begin(); a != seen.end(); ++a) {
    for (auto b = std::next(a); b != seen.end(); ++b) {
      ASSERT_FALSE(a->second.equal(b->second)) << "views " << a->first << " and " << b->first;
    }
  }
}

// Paddings small enough for each window to hold pixels that tell it from all others.
INSTANTIATE_TEST_SUITE_P(Chains, ViewNumbers,
                         ::testing::Values(Case{"None", {}, 1}, Case{"Flip", {flip()}, 2},
                                           Case{"Crop", {crop(5, 1)}, 3 * 4}, Case{"Window", {crop(4, 0)}, 2 * 3},
                                           Case{"CropFlip", {crop(5, 1), flip()}, 3 * 4 * 2},
                                           Case{"FlipCrop", {flip(), crop(5, 2)}, 2 * 5 * 6}),
                         [](const auto& info) { return info.param.name; });

TEST(Views, AreThoseOfTheUsualAugmentation) {
  EXPECT_EQ(chain({3, 32, 32}, {crop(32, 4), flip()}).views().count, 162);
}

TEST(Views, CannotBeNumberedWhenThereAreTooMany) {
  const Transforms transforms = chain({1, 64, 64}, {crop(64, 128), crop(64, 128), flip()});
  EXPECT_FALSE(transforms.views().enumerable());
  EXPECT_EQ(transforms.views().reason, "an image has more than 2^31 views");
  EXPECT_THROW(transforms.view(draw_of(3)), Error);
}

TEST(Source, EntriesTellImagesAndViewsApart) {
  const ResidentSource source({torch::zeros({7, 1, 8, 8}, torch::kUInt8), torch::zeros({7}, torch::kInt64)},
                              chain({1, 8, 8}, {crop(8, 1), flip()}), 4, torch::kCPU);
  const at::Tensor indices = torch::tensor({6, 0, 3}, torch::kInt64);
  const Draw draw = source.draw(indices, 9);
  const at::Tensor views = chain({1, 8, 8}, {crop(8, 1), flip()}).view(draw);
  EXPECT_TRUE(source.entries(draw).equal(indices * 18 + views));
}

}  // namespace
}  // namespace retort::data
