#include "data/source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <retort/error.hpp>

#include "data/random_bits.hpp"

namespace retort::data {
namespace {

using ::testing::HasSubstr;

at::Tensor images_of(std::int64_t n) {
  return torch::arange(n * 16).to(torch::kUInt8).view({n, 1, 4, 4});
}

at::Tensor labels_of(std::vector<std::int64_t> labels) {
  return torch::tensor(labels, torch::kInt64);
}

// A batch's images as they were before they were scaled.
at::Tensor bytes_of(const Source& source, const Draw& draw) {
  const Normalize scale({0.0}, {1.0}, torch::kCPU);
  const at::Tensor images = source.images(draw, scale, torch::kFloat, at::MemoryFormat::Contiguous);
  return images.mul(255).round().to(torch::kUInt8);
}

std::string rejection(const at::Tensor& images, const at::Tensor& labels) {
  try {
    check_split("given", Split::Test, {.image = {1, 4, 4}, .classes = 3}, {images, labels});
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CheckSplit, AcceptsWhatTheDatasetDeclares) {
  EXPECT_EQ(rejection(images_of(3), labels_of({0, 2, 1})), "accepted");
}

TEST(CheckSplit, NamesDatasetSplitAndDifference) {
  EXPECT_EQ(rejection(torch::zeros({3, 1, 4, 5}, torch::kUInt8), labels_of({0, 1, 2})),
            "data set 'given', test split: expected uint8 images of Nx1x4x4, found uint8 3x1x4x5");
  EXPECT_THAT(rejection(images_of(3).to(torch::kFloat32), labels_of({0, 1, 2})), HasSubstr("found float32 3x1x4x4"));
  EXPECT_THAT(rejection({}, labels_of({0})), HasSubstr("found no tensor"));
  EXPECT_THAT(rejection(images_of(0), labels_of({})), HasSubstr("at least one image"));
  EXPECT_THAT(rejection(images_of(3), labels_of({0, 1})), HasSubstr("expected int64 labels of 3, found int64 2"));
  EXPECT_THAT(rejection(images_of(3), labels_of({0, 1, 2}).to(torch::kInt32)), HasSubstr("found int32 3"));
  EXPECT_THAT(rejection(images_of(3), labels_of({0, 3, 2})),
              HasSubstr("expected labels from 0 to 2, found 3 at sample 1"));
  EXPECT_THAT(rejection(images_of(3), labels_of({0, 1, -1})), HasSubstr("found -1 at sample 2"));
}

TEST(ResidentSource, GathersImagesAndLabels) {
  const ResidentSource source({images_of(5), labels_of({0, 1, 2, 0, 1})}, Transforms({1, 4, 4}), 1, torch::kCPU);
  EXPECT_EQ(source.size(), 5);
  const Draw draw = source.draw(labels_of({4, 0, 2}), 0);
  const Batch batch = source.batch(draw);
  EXPECT_TRUE(bytes_of(source, draw).equal(images_of(5).index_select(0, labels_of({4, 0, 2}))));
  EXPECT_TRUE(batch.target.equal(labels_of({1, 0, 2})));
  EXPECT_TRUE(batch.index.equal(labels_of({4, 0, 2})));
}

TEST(ResidentSource, AugmentsByRunSeedEpochAndSample) {
  const at::Tensor images = torch::randint(0, 256, {6, 1, 16, 16}, torch::kUInt8);
  const auto transforms = [] {
    Transforms chain({1, 16, 16});
    chain.add({.use = "random_crop", .params = {{"size", 16}, {"padding", 4}}});
    return chain;
  };
  const ResidentSource source({images, torch::zeros({6}, torch::kInt64)}, transforms(), 21, torch::kCPU);
  const at::Tensor indices = labels_of({5, 1, 3});
  const Draw expected{indices, torch::scalar_tensor(sequence_key(21, 8, Purpose::Augmentation), torch::kInt64)};
  const at::Tensor bytes = bytes_of(source, source.draw(indices, 8));
  EXPECT_TRUE(bytes.equal(transforms().apply(images.index_select(0, indices), expected)));
  EXPECT_FALSE(bytes.equal(images.index_select(0, indices)));
}

}  // namespace
}  // namespace retort::data
