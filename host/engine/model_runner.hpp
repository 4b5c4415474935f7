#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "graph/training_graph.hpp"
#include "program/interpreter.hpp"
#include "program/weight_copies.hpp"

namespace retort::engine {

// Runs a teacher or a student in the steps of a stage: as recorded programs, one for each batch size, or, where the
// experiment or the model does not allow that, as the plugin does it.
class ModelRunner {
 public:
  // `trained`: the model is in training mode and its programs carry gradients; else it is frozen, in eval mode, and
  // what its programs hold of it never changes. The node outlives the runner.
  ModelRunner(const graph::ModelNode& node, bool trained, c10::Device device, c10::ScalarType type,
              const config::EngineSpec& engine);

  // The taps that a step asks for, in single precision; images normalised as the node expects them, best of the type
  // and format that it takes.
  // [step thread]
  Taps run(const at::Tensor& images, const at::Tensor& target);

  // Has to be called after the weights of a trained model were changed, unless whoever did it wrote the copies as well.
  void weights_changed();
  // The copy of a weight that steps compute with; undefined when they compute with the weight itself.
  at::Tensor copy_of(const at::Tensor& weight) const { return copies_.find(weight); }

  c10::ScalarType input_type() const { return engine_.record && node_.members.empty() ? type_ : c10::kFloat; }
  at::MemoryFormat format() const { return format_; }

 private:
  const program::Interpreter& recorded(const at::Tensor& images, const at::Tensor& target);
  program::Outputs forward(const at::Tensor& images, const at::Tensor& target) const;

  const graph::ModelNode& node_;
  bool trained_;
  c10::DeviceType device_;
  c10::ScalarType type_;
  config::EngineSpec engine_;
  at::MemoryFormat format_;
  program::WeightCopies copies_;
  std::map<std::int64_t, program::Interpreter> programs_;  // by batch size
};

// Lays the weights of a module's convolutions out as `format` says; their values stay.
void lay_out(torch::nn::Module& module, at::MemoryFormat format);

}  // namespace retort::engine
