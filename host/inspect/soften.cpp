#include "soften.hpp"

#include <cmath>

namespace retort::inspect {

torch::Tensor soften(const torch::Tensor& logits, double temperature) {
  const torch::Tensor values = logits.to(torch::kDouble);
  if (std::isinf(temperature)) return torch::full_like(values, 1.0 / static_cast<double>(values.size(-1)));
  const torch::Tensor largest = values.amax(-1, /*keepdim=*/true);
  if (temperature > 0.0) return torch::softmax((values - largest) / temperature, -1);
  const torch::Tensor tops = values.eq(largest).to(torch::kDouble);
  return tops / tops.sum(-1, /*keepdim=*/true);
}

}  // namespace retort::inspect
