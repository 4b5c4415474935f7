#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <retort/component.hpp>
#include <retort/context.hpp>
#include <retort/shape.hpp>

namespace retort {

// Normalises one side's features before they are compared. Its summary says which statistics it uses, in training and
// in evaluation.
//
// Constructed as Normalization(Shape, Options[, Context&]) from the shape without the batch dimension; throws
// ShapeError when it cannot normalise such features. Threads and ownership: as Loss.
class RETORT_API Normalization : public torch::nn::Module {
 public:
  static constexpr Kind kKind = Kind::Normalization;

  ~Normalization() override;

  // [N, ...] -> [N, ...], the same shape
  virtual torch::Tensor forward(const torch::Tensor& features) = 0;

  // As Model::capture_safe().
  virtual bool capture_safe() const { return true; }
};

}  // namespace retort
