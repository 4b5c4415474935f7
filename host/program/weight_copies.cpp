#include "weight_copies.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>

namespace retort::program {

const at::Tensor& WeightCopies::of(const at::Tensor& weight) {
  const auto [place, added] = places_.try_emplace(weight.unsafeGetTensorImpl(), copies_.size());
  if (added) {
    const at::NoGradGuard no_grad;
    weights_.push_back(weight);
    copies_.push_back(weight.detach().to(type_));
  }
  return copies_[place->second];
}

at::Tensor WeightCopies::find(const at::Tensor& weight) const {
  const auto found = places_.find(weight.unsafeGetTensorImpl());
  return found == places_.end() ? at::Tensor() : copies_[found->second];
}

void WeightCopies::refresh() {
  const at::NoGradGuard no_grad;
  if (!copies_.empty()) at::_foreach_copy_(copies_, weights_);
}

}  // namespace retort::program
