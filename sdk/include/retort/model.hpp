#pragma once

#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <retort/component.hpp>
#include <retort/context.hpp>
#include <retort/shape.hpp>
#include <retort/taps.hpp>

namespace retort {

// What a model expects of its images. An empty mean and deviation means that any normalisation will do: the host then
// uses the data set's.
struct InputSpec {
  Shape shape;                    // {channels, height, width}
  std::vector<double> mean;       // per channel, of images scaled to [0, 1]
  std::vector<double> deviation;  // per channel
};

struct ModelInput {
  torch::Tensor images;  // [N, channels, height, width], normalised as input() says
  torch::Tensor target;  // [N] labels; undefined outside training
};

// A teacher or a student.
//
// Two parameters have a meaning for the host: `classes` (integer) and `input_shape` (three integers: channels, height,
// width). A model that declares them receives them from the experiment's data set unless the TOML gives them.
// Threads and ownership: as Loss. Module and tensor names are those of the published checkpoints.
class RETORT_API Model : public torch::nn::Module {
 public:
  static constexpr Kind kKind = Kind::Model;

  ~Model() override;

  // The taps that forward() can hand out, in the order in which it computes them. The last one of a classifier is
  // "logits", [N, classes]; "penultimate" is what its classifier layer reads, [N, features].
  virtual std::vector<TapInfo> taps() const = 0;

  virtual InputSpec input() const = 0;

  // Computes the taps asked for, and no layer behind the last of them. [step thread]
  virtual Taps forward(const ModelInput& input, const TapRequest& request) = 0;

  // Whether forward() runs the same operators for all batches of one shape, whatever their values and whatever ran
  // before, and never waits for the device. The host then records them once, in training and in evaluation, and runs
  // the record from then on, rewritten to be faster. Random numbers may come from LibTorch's default generators alone.
  virtual bool capture_safe() const { return true; }
};

}  // namespace retort
