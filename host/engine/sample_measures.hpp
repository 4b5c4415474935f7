#pragma once

#include <torch/types.h>

// What single samples look like, a value each. Everything stays on the device of its arguments and nothing waits for
// it. Logits are [N, classes], targets [N] int64.
namespace retort::engine {

// [N]: the entropy of softmax(logits), in nats. Takes log_softmax(logits).
torch::Tensor entropy(const torch::Tensor& log_probabilities);

// [N]: the logit of the true class minus the largest of the others: minus the second largest when the sample is
// classified right, minus the largest when it is not (Kim et al., 2021). Infinite with one class.
torch::Tensor top_logit_difference(const torch::Tensor& logits, const torch::Tensor& target);

// [N]: the Euclidean norm of each sample's values, whatever their shape.
torch::Tensor sample_norm(const torch::Tensor& values);

}  // namespace retort::engine
