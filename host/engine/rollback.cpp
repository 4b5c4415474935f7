#include "rollback.hpp"

#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_norm.h>

namespace retort::engine {

Rollback::Rollback(std::vector<torch::Tensor> tensors) : tensors_(std::move(tensors)) {
  for (const torch::Tensor& tensor : tensors_) before_.push_back(tensor.detach().clone());
}

void Rollback::remember() {
  const torch::NoGradGuard no_grad;
  if (!tensors_.empty()) at::_foreach_copy_(before_, tensors_);
}

void Rollback::settle(const torch::Tensor& finite) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    tensors_[i].copy_(torch::where(finite.to(tensors_[i].device()), tensors_[i], before_[i]));
  }
}

torch::Tensor all_finite(const std::vector<torch::Tensor>& tensors) {
  if (tensors.empty()) return torch::ones({}, torch::kBool);
  const torch::NoGradGuard no_grad;
  return torch::stack(at::_foreach_norm(tensors, 2)).isfinite().all();
}

}  // namespace retort::engine
