#include "data/streamed_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <atomic>
#include <chrono>
#include <set>

#include <retort/error.hpp>

#include "data/sampler.hpp"

namespace retort::data {
namespace {

using ::testing::HasSubstr;

// Images in memory that take a while to read, some longer than others.
class SlowSplit final : public StreamedSplit {
 public:
  explicit SlowSplit(at::Tensor images) : images_(std::move(images)) {}

  at::Tensor labels() const override { return torch::arange(images_.size(0)).remainder(5); }

  at::Tensor image(std::int64_t position) const override {
    const int now = ++reading_;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(position % 7 * 300));
    --reading_;
    ++read_;
    if (position == broken) throw DataError("image7.jpg: damaged");
    // As a decoder leaves them, or not.
    return position % 2 ? images_[position].permute({1, 2, 0}).contiguous().permute({2, 0, 1}) : images_[position];
  }

  std::int64_t broken = -1;
  mutable std::atomic<int> read_ = 0;
  mutable std::atomic<int> most_ = 0;  // read at one time

 private:
  at::Tensor images_;
  mutable std::atomic<int> reading_ = 0;
};

Transforms augmentation() {
  Transforms transforms({3, 12, 10});
  transforms.add({.use = "random_crop", .params = {{"size", 10}, {"padding", 2}}});
  transforms.add({.use = "random_flip", .params = {{"probability", 0.5}}});
  return transforms;
}

struct Sources {
  explicit Sources(std::int64_t threads, std::int64_t count = 60)
      : images(torch::randint(0, 256, {count, 3, 12, 10}, torch::kUInt8)),
        split(std::make_shared<SlowSplit>(images)),
        resident({images.index_select(0, positions()), labels()}, augmentation(), 9, torch::kCPU),
        streamed(split, {3, 12, 10}, positions(), labels(), augmentation(), {.seed = 9, .threads = threads}) {}

  // A subset: every other image, from the last to the first.
  at::Tensor positions() const { return torch::arange(images.size(0) - 1, 0, -2); }
  at::Tensor labels() const { return positions().remainder(5); }

  at::Tensor images;
  std::shared_ptr<SlowSplit> split;
  ResidentSource resident;
  StreamedSource streamed;
};

const Normalize& normalize() {
  static const Normalize statistics({0.4, 0.5, 0.6}, {0.2, 0.3, 0.25}, torch::kCPU);
  return statistics;
}

at::Tensor images_of(const Source& source, const at::Tensor& indices, std::int64_t epoch) {
  return source.images(source.draw(indices, epoch), normalize(), torch::kFloat, at::MemoryFormat::Contiguous);
}

TEST(StreamedSource, MakesTheBatchesOfAResidentOne) {
  for (const std::int64_t threads : {1, 4}) {
    Sources sources(threads);
    EpochSampler sampler(sources.resident.size(), 7, 3, false), ahead = sampler;
    std::int64_t announced = 0;
    const std::int64_t per_epoch = sampler.batches_per_epoch();
    for (std::int64_t step = 0; step < 3 * per_epoch; ++step) {
      for (; announced <= std::min(step + sources.streamed.lookahead(), 3 * per_epoch - 1); ++announced) {
        sources.streamed.announce(ahead.indices(announced / per_epoch, announced % per_epoch));
      }
      const at::Tensor indices = sampler.indices(step / per_epoch, step % per_epoch);
      const Draw draw = sources.streamed.draw(indices, step / per_epoch);
      ASSERT_TRUE(images_of(sources.streamed, indices, step / per_epoch)
                      .equal(images_of(sources.resident, indices, step / per_epoch)))
          << "step " << step << ", " << threads << " threads";
      ASSERT_TRUE(sources.streamed.batch(draw).target.equal(sources.resident.batch(draw).target));
    }
    EXPECT_EQ(sources.split->read_, 3 * sources.resident.size()) << "each image is read once an epoch";
    if (threads > 1) EXPECT_GT(sources.split->most_, 1) << "images are read at the same time";
    EXPECT_LE(sources.split->most_, threads);
  }
}

TEST(StreamedSource, ReadsWhatWasNotAnnounced) {
  Sources sources(2);
  const at::Tensor announced = torch::tensor({1, 2, 3}, torch::kInt64), other = torch::tensor({9, 4}, torch::kInt64);
  sources.streamed.announce(announced);
  EXPECT_TRUE(images_of(sources.streamed, other, 0).equal(images_of(sources.resident, other, 0)));
  EXPECT_TRUE(images_of(sources.streamed, announced, 0).equal(images_of(sources.resident, announced, 0)));
}

TEST(StreamedSource, ReadsABatchOnceForTeacherAndStudent) {
  Sources sources(2);
  const at::Tensor indices = torch::tensor({5, 1, 8}, torch::kInt64);
  sources.streamed.announce(indices);
  images_of(sources.streamed, indices, 0);
  images_of(sources.streamed, indices, 0);
  EXPECT_EQ(sources.split->read_, 3);
}

TEST(StreamedSource, ThrowsWhatAReaderThrewAndGoesOn) {
  Sources sources(3);
  sources.split->broken = 59;  // sample 0
  const at::Tensor bad = torch::tensor({4, 0, 2}, torch::kInt64), good = torch::tensor({4, 2}, torch::kInt64);
  sources.streamed.announce(bad);
  sources.streamed.announce(good);
  try {
    images_of(sources.streamed, bad, 0);
    FAIL() << "a damaged image went unnoticed";
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "image7.jpg: damaged");
  }
  EXPECT_TRUE(images_of(sources.streamed, good, 0).equal(images_of(sources.resident, good, 0)));
}

TEST(StreamedSource, RefusesImagesOfAnotherShape) {
  const auto split = std::make_shared<SlowSplit>(torch::zeros({4, 3, 5, 5}, torch::kUInt8));
  const StreamedSource source(split, {3, 12, 10}, torch::arange(4), torch::zeros({4}, torch::kInt64), augmentation(),
                              {.seed = 1, .threads = 1});
  try {
    images_of(source, torch::tensor({2}, torch::kInt64), 0);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "image 2: expected uint8 3x12x10, found uint8 3x5x5");
  }
}

TEST(StreamedSource, StopsWithBatchesUnderWay) {
  const auto sources = std::make_unique<Sources>(2);
  for (int i = 0; i < 3; ++i) sources->streamed.announce(torch::arange(30));
  SUCCEED();  // the readers are joined here
}

TEST(StreamedSource, HasNoFingerprint) {
  EXPECT_FALSE(Sources(1).streamed.fingerprint());
  EXPECT_EQ(Sources(1).resident.fingerprint()->size(), 64u);
}

}  // namespace
}  // namespace retort::data
