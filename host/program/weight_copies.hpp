#pragma once

#include <unordered_map>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

namespace retort::program {

// Copies of trained weights in the type that a step computes in. The weights stay what is trained and saved; whoever
// changes them brings the copies up to date.
class WeightCopies {
 public:
  explicit WeightCopies(c10::ScalarType type) : type_(type) {}

  // The copy of a weight, of its memory format; made on the first call.
  const at::Tensor& of(const at::Tensor& weight);

  // The copy, if there is one; undefined otherwise.
  at::Tensor find(const at::Tensor& weight) const;

  // Copies all weights again.
  void refresh();

 private:
  c10::ScalarType type_;
  std::vector<at::Tensor> weights_, copies_;
  std::unordered_map<const void*, std::size_t> places_;  // by the weight's TensorImpl
};

}  // namespace retort::program
