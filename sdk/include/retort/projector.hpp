#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <retort/component.hpp>
#include <retort/context.hpp>
#include <retort/shape.hpp>

namespace retort {

// The shapes that a projector stands between, without the batch dimension.
struct ProjectorShapes {
  Shape in;   // of the tap it is applied to
  Shape out;  // of the other side's branch, which it should reach
};

// Brings one side's features into the space of the other side. Its parameters are trained by the stage's optimizer,
// and the run fails when they have not moved at its end.
//
// Constructed as Projector(ProjectorShapes, Options[, Context&]); throws ShapeError when it cannot join the two.
// Threads and ownership: as Loss.
class RETORT_API Projector : public torch::nn::Module {
 public:
  static constexpr Kind kKind = Kind::Projector;

  ~Projector() override;

  // [N, in...] -> [N, out...]
  virtual torch::Tensor forward(const torch::Tensor& features) = 0;

  // As Model::capture_safe().
  virtual bool capture_safe() const { return true; }
};

}  // namespace retort
