#include "data/sampler.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include <retort/error.hpp>

#include "data/random_bits.hpp"
#include "splitmix64.hpp"

namespace retort::data {
namespace {

std::vector<std::int64_t> values(const at::Tensor& tensor) {
  const at::Tensor t = tensor.contiguous();
  return {t.const_data_ptr<std::int64_t>(), t.const_data_ptr<std::int64_t>() + t.numel()};
}

std::vector<std::int64_t> epoch_of(EpochSampler& sampler, std::int64_t epoch) {
  std::vector<std::int64_t> all;
  for (std::int64_t b = 0; b < sampler.batches_per_epoch(); ++b) {
    for (const std::int64_t i : values(sampler.indices(epoch, b))) all.push_back(i);
  }
  return all;
}

TEST(EpochSampler, VisitsEverySampleOnce) {
  EpochSampler sampler(103, 10, 7, false);
  EXPECT_EQ(sampler.batches_per_epoch(), 11);
  EXPECT_EQ(sampler.indices(0, 10).size(0), 3);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::int64_t> visited = epoch_of(sampler, epoch);
    EXPECT_FALSE(std::is_sorted(visited.begin(), visited.end()));
    std::sort(visited.begin(), visited.end());
    std::vector<std::int64_t> all(103);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(visited, all);
  }
}

TEST(EpochSampler, DropsTheIncompleteBatch) {
  EpochSampler sampler(103, 10, 7, true);
  EXPECT_EQ(sampler.batches_per_epoch(), 10);
  EXPECT_EQ(epoch_of(sampler, 0).size(), 100u);
}

TEST(EpochSampler, ResumesInTheMiddleOfAnEpoch) {
  EpochSampler through(1000, 64, 3, false), resumed(1000, 64, 3, false);
  epoch_of(through, 0);
  epoch_of(through, 1);
  EXPECT_EQ(values(resumed.indices(1, 9)), values(through.indices(1, 9)));
}

TEST(EpochSampler, SortsByTheReferenceWords) {
  const std::int64_t key = sequence_key(5, 2, Purpose::Order);
  std::vector<std::int64_t> expected(200);
  std::iota(expected.begin(), expected.end(), 0);
  std::sort(expected.begin(), expected.end(), [&](std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(reference_bits(key, a, 0)) < static_cast<std::int64_t>(reference_bits(key, b, 0));
  });
  EpochSampler sampler(200, 32, 5, false);
  EXPECT_EQ(epoch_of(sampler, 2), expected);
}

TEST(EpochSampler, EverySampleMayComeAnywhere) {
  // Where sample 0 lands, over 4,000 epochs: 8 equal ranges, 7 degrees of freedom, 24.3 once in a thousand times.
  EpochSampler sampler(64, 64, 12, false);
  std::vector<double> counts(8, 0);
  for (std::int64_t epoch = 0; epoch < 4000; ++epoch) {
    const std::vector<std::int64_t> order = epoch_of(sampler, epoch);
    counts[(std::find(order.begin(), order.end(), 0) - order.begin()) / 8] += 1;
  }
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 500) * (count - 500) / 500;
  EXPECT_LT(chi_square, 24.3);
}

TEST(EpochSampler, DiffersBetweenSeedsAndEpochs) {
  EpochSampler a(1000, 1000, 1, false), b(1000, 1000, 2, false);
  EXPECT_NE(epoch_of(a, 0), epoch_of(b, 0));
  EXPECT_NE(epoch_of(a, 0), epoch_of(a, 1));
}

TEST(EpochSampler, RefusesSizesWithoutABatch) {
  EXPECT_THROW(EpochSampler(100, 128, 1, true), InvalidParameter);
  EXPECT_THROW(EpochSampler(0, 128, 1, false), InvalidParameter);
  EXPECT_THROW(EpochSampler(100, 0, 1, false), InvalidParameter);
  EXPECT_EQ(EpochSampler(100, 128, 1, false).batches_per_epoch(), 1);
}

TEST(SequentialSampler, KeepsTheOrder) {
  const SequentialSampler sampler(7, 3);
  ASSERT_EQ(sampler.batches(), 3);
  EXPECT_EQ(values(sampler.indices(0)), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(values(sampler.indices(2)), (std::vector<std::int64_t>{6}));
}

TEST(EpochSampler, ADeviceCanSliceTheEpochByItself) {
  EpochSampler sampler(50, 8, 3, true);
  const at::Tensor order = sampler.order(4).clone();
  const at::Tensor first = torch::zeros({}, torch::kInt64);
  for (std::int64_t i = 0; i < sampler.batches_per_epoch(); ++i, first.add_(8)) {
    EXPECT_TRUE(indices_from(order, first, 8).equal(sampler.indices(4, i)));
  }
  EXPECT_TRUE(indices_from(order, first, 2).equal(order.slice(0, 48)));
}

}  // namespace
}  // namespace retort::data
