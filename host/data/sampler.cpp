#include "sampler.hpp"

#include <torch/types.h>

#include <algorithm>
#include <string>

#include <retort/error.hpp>

#include "random_bits.hpp"

namespace retort::data {
namespace {

void check_sizes(std::int64_t size, std::int64_t batch_size) {
  if (size < 1) throw InvalidParameter("a split needs at least one sample, found " + std::to_string(size));
  if (batch_size < 1) throw InvalidParameter("batch_size must be at least 1, found " + std::to_string(batch_size));
}

// Samples sorted by random words. Words never tie, so this is one permutation on every platform, which the order that
// torch::randperm gives is not promised to be.
at::Tensor permutation(std::int64_t size, std::uint64_t seed, std::int64_t epoch) {
  const at::Tensor key = torch::scalar_tensor(sequence_key(seed, epoch, Purpose::Order), torch::kInt64);
  return random_bits(key, torch::arange(size, torch::kInt64), 1)[0].argsort();
}

}  // namespace

EpochSampler::EpochSampler(std::int64_t size, std::int64_t batch_size, std::uint64_t seed, bool drop_last)
    : size_(size), batch_size_(batch_size), seed_(seed) {
  check_sizes(size, batch_size);
  batches_ = drop_last ? size / batch_size : (size + batch_size - 1) / batch_size;
  if (batches_ == 0) {
    throw InvalidParameter("drop_last leaves no batch: batch_size is " + std::to_string(batch_size) +
                           ", and the split has " + std::to_string(size) + " samples");
  }
}

const at::Tensor& EpochSampler::order(std::int64_t epoch) {
  if (epoch != epoch_) {
    order_ = permutation(size_, seed_, epoch);
    epoch_ = epoch;
  }
  return order_;
}

EpochSampler::Range EpochSampler::range(std::int64_t batch) const {
  const std::int64_t first = batch * batch_size_;
  return {first, std::min(batch_size_, size_ - first)};
}

at::Tensor EpochSampler::indices(std::int64_t epoch, std::int64_t batch) {
  const auto [first, size] = range(batch);
  return order(epoch).narrow(0, first, size);
}

at::Tensor indices_from(const at::Tensor& order, const at::Tensor& first, std::int64_t size) {
  return order.index_select(0, torch::arange(size, order.options()).add_(first));
}

SequentialSampler::SequentialSampler(std::int64_t size, std::int64_t batch_size)
    : size_(size), batch_size_(batch_size) {
  check_sizes(size, batch_size);
}

at::Tensor SequentialSampler::indices(std::int64_t batch) const {
  const std::int64_t begin = batch * batch_size_;
  return torch::arange(begin, std::min(begin + batch_size_, size_), torch::kInt64);
}

}  // namespace retort::data
