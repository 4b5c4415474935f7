#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace retort::data {

// The training order: in every epoch each sample once, shuffled. The order follows from (seed, epoch) alone, so that
// a run resumes from an epoch and a batch number.
class EpochSampler {
 public:
  // drop_last leaves out the last batch of an epoch when it would be smaller than the others. Throws InvalidParameter
  // when no batch would be left. size and batch_size are at least 1.
  EpochSampler(std::int64_t size, std::int64_t batch_size, std::uint64_t seed, bool drop_last);

  std::int64_t batches_per_epoch() const { return batches_; }

  // Where a batch begins in the order of its epoch, and how many samples it has.
  struct Range {
    std::int64_t first, size;
  };
  Range range(std::int64_t batch) const;

  // The samples of one batch: [at most batch_size] int64 on the CPU; epoch and batch count from 0.
  // Keeps the order of the epoch asked for last. [one thread at a time]
  at::Tensor indices(std::int64_t epoch, std::int64_t batch);

  // All samples of an epoch in their order: [size] int64 on the CPU. Likewise.
  const at::Tensor& order(std::int64_t epoch);

 private:
  std::int64_t size_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
  std::int64_t batches_;
  std::int64_t epoch_ = -1;
  at::Tensor order_;  // of epoch_
};

// The samples of a batch, computed on the device that the order lies on, without a synchronisation: a step that is
// recorded into a CUDA graph begins with it, adds `size` to `first`, and so goes through the epoch by itself. Between
// two epochs the next one's order, and 0, are written into the same tensors.
//   order  [samples] int64: EpochSampler::order()
//   first  [] int64 on the same device: where the batch begins in `order`
// -> [size] int64
at::Tensor indices_from(const at::Tensor& order, const at::Tensor& first, std::int64_t size);

// The evaluation order: every sample once, as it stands in the split. size and batch_size are at least 1.
class SequentialSampler {
 public:
  SequentialSampler(std::int64_t size, std::int64_t batch_size);

  std::int64_t batches() const { return (size_ + batch_size_ - 1) / batch_size_; }

  // [at most batch_size] int64 on the CPU.
  at::Tensor indices(std::int64_t batch) const;

 private:
  std::int64_t size_;
  std::int64_t batch_size_;
};

}  // namespace retort::data
