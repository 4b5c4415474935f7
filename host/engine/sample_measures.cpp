#include "sample_measures.hpp"

#include <limits>

namespace retort::engine {

torch::Tensor entropy(const torch::Tensor& log_probabilities) {
  // A probability of 0 has a logarithm of -inf, and adds nothing.
  return (log_probabilities.exp() * log_probabilities.clamp_min(std::numeric_limits<float>::lowest()).neg()).sum(1);
}

torch::Tensor top_logit_difference(const torch::Tensor& logits, const torch::Tensor& target) {
  const torch::Tensor column = target.unsqueeze(1);
  const torch::Tensor others = logits.scatter(1, column, -std::numeric_limits<double>::infinity());
  return logits.gather(1, column).squeeze(1) - others.amax(1);
}

torch::Tensor sample_norm(const torch::Tensor& values) {
  return values.flatten(1).norm(2, 1);
}

}  // namespace retort::engine
