#pragma once

#include <span>
#include <vector>

#include "data/normalize.hpp"
#include "data/source.hpp"
#include "device.hpp"
#include "graph/training_graph.hpp"
#include "optimizer.hpp"
#include "phase_clock.hpp"

namespace retort::engine {

// What one step computed: scalars on the step's device, not yet read.
struct StepResult {
  torch::Tensor total;               // the objective
  std::vector<torch::Tensor> terms;  // unweighted, in the order of the graph's terms
  torch::Tensor correct;             // how many samples the student classified right; undefined without logits
  torch::Tensor labelled;            // how many samples have a label; undefined: all
  torch::Tensor gradient_norm;       // before clipping; undefined unless asked for, or clipped
};

// Runs the training graph operator by operator.
class EagerExecutor {
 public:
  // Moves the graph's modules to `device`; everything outlives the executor.
  EagerExecutor(graph::TrainingGraph& graph, c10::Device device, c10::ScalarType type);

  Optimizer& optimizer() { return *optimizer_; }
  const Optimizer& optimizer() const { return *optimizer_; }
  PhaseClock& clock() { return clock_; }

  // The taps that a step asks for, of its batch, in single precision. The teacher's have no gradient; there are none
  // when no term needs one.
  Taps student_taps(const data::Batch& batch) const;
  std::optional<Taps> teacher_taps(const data::Batch& batch) const;

  // Forward, backward and update on the batch that `source` makes of `indices`. `weights`: one a term.
  // [step thread] No synchronisation with a GPU.
  StepResult step(const data::ResidentSource& source, const torch::Tensor& indices, std::int64_t epoch,
                  std::int64_t step, double lr, std::span<const double> weights, bool measure_gradient);

 private:
  Taps forward(const graph::ModelNode& node, const data::Normalize& normalize, const data::Batch& batch) const;

  graph::TrainingGraph& graph_;
  c10::Device device_;
  c10::ScalarType type_;
  data::Normalize student_input_;
  std::optional<data::Normalize> teacher_input_;
  std::unique_ptr<Optimizer> optimizer_;
  PhaseClock clock_;
};

// The parameters that a stage trains: those of its trained modules that require gradients and that the objective
// reaches, each once, under "<module>.<parameter>".
std::vector<NamedParameter> trained_parameters(const graph::TrainingGraph& graph);

}  // namespace retort::engine
