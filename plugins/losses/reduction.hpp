#pragma once

#include <retort/plugin.hpp>

// How the values of samples and classes become one; PyTorch's names and meanings.
enum class Reduction {
  BatchMean,  // sum over classes, mean over the batch
  Sum,        // sum over classes and batch
  Mean,       // mean over classes and batch
};

inline constexpr retort::Choices<Reduction> kReductions{
    {"batchmean", Reduction::BatchMean}, {"sum", Reduction::Sum}, {"mean", Reduction::Mean}};

// By how much the sum over samples and classes is divided, for logits [N, ..., K].
inline std::int64_t terms(const torch::Tensor& logits, Reduction reduction) {
  switch (reduction) {
    case Reduction::BatchMean:
      return logits.size(0);
    case Reduction::Mean:
      return logits.numel();
    case Reduction::Sum:
      break;
  }
  return 1;
}

// `sum` over samples and classes, for logits [N, ..., K].
inline torch::Tensor reduce(const torch::Tensor& sum, const torch::Tensor& logits, Reduction reduction) {
  return reduction == Reduction::Sum ? sum : sum / terms(logits, reduction);
}
