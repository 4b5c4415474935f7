#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <retort/component.hpp>
#include <retort/context.hpp>
#include <retort/shape.hpp>

namespace retort {

// The label of a sample whose label is withheld: the one that PyTorch's cross-entropy ignores.
inline constexpr std::int64_t kWithheldLabel = -100;

// What one side of a loss receives: the tensors of its branches (tap -> projector -> normalization), in the order of
// the experiment.
class Features {
 public:
  Features() = default;
  explicit Features(std::vector<torch::Tensor> tensors) : tensors_(std::move(tensors)) {}

  // The one tensor of a loss that compares a single pair. Throws ShapeError when there are none or several.
  const torch::Tensor& single() const {
    if (tensors_.size() != 1) {
      throw ShapeError("this loss takes one branch a side, found " + std::to_string(tensors_.size()));
    }
    return tensors_.front();
  }
  std::size_t size() const { return tensors_.size(); }
  const torch::Tensor& operator[](std::size_t i) const { return tensors_[i]; }
  auto begin() const { return tensors_.begin(); }
  auto end() const { return tensors_.end(); }

 private:
  std::vector<torch::Tensor> tensors_;
};

// The inputs of one evaluation. N is the batch size.
struct LossInputs {
  Features student;       // carry gradients
  Features teacher;       // detached; empty for a loss declared without_teacher()
  torch::Tensor target;   // [N] int64 class labels or kWithheldLabel, or [N, classes] probabilities
  torch::Tensor index;    // [N] int64: each sample's position in its split
  std::int64_t step = 0;  // optimizer steps done in this stage
};

// A term of the objective.
//
// Threads: forward() runs on the step thread, on the current stream. Its backward may run on an autograd thread.
// Ownership: the host owns the loss through a shared_ptr that also keeps the plugin's library.
// State: parameters and buffers registered as in any torch module are trained, moved, saved and restored with the run.
class RETORT_API Loss : public torch::nn::Module {
 public:
  static constexpr Kind kKind = Kind::Loss;

  ~Loss() override;

  // The value as a scalar that is differentiable with respect to in.student (and to the loss's own parameters).
  // Throws ShapeError when the shapes do not fit; the host calls it once on two samples before anything is trained.
  virtual torch::Tensor forward(const LossInputs& in) = 0;

  // Offered before training when every branch of both sides ends in this normalization: true when the loss normalises
  // its features itself from then on, in one pass with its own work. The host then leaves the normalization out.
  virtual bool absorb(std::string_view normalization, const Table& options);

  // As Model::capture_safe(). What does not depend on tensors, `step` among it, counts as a value.
  virtual bool capture_safe() const { return true; }

  // Gives a parameter that was declared scheduled() its value for the steps to come; `value` lies in its range.
  // Throws InvalidParameter for every other name. [step thread]
  void set(std::string_view parameter, double value);

 private:
  template <class Impl, class Options>
  friend Component component(const Description<Options>& description);

  LossSetters setters_;
};

}  // namespace retort
