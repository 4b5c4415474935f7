#pragma once

#include <map>
#include <span>
#include <vector>

#include "cache/logit_cache.hpp"
#include "common_work.hpp"
#include "data/normalize.hpp"
#include "data/source.hpp"
#include "device_graph.hpp"
#include "graph/training_graph.hpp"
#include "model_runner.hpp"
#include "optimizer.hpp"
#include "phase_clock.hpp"
#include "step_values.hpp"

namespace retort::engine {

// What a step is told by the host.
struct StepSettings {
  torch::Tensor order;     // [samples] int64 on the CPU: all samples of the epoch in their order
  std::int64_t first = 0;  // where the step's samples begin in it
  std::int64_t size = 0;   // how many they are
  std::int64_t epoch = 0;
  std::int64_t step = 0;  // optimizer steps done in this stage
  double lr = 0.0;
  std::span<const double> weights;  // one a term
  bool measure_gradient = false;

  // [size] int64 on the CPU: the step's samples.
  torch::Tensor indices() const { return order.narrow(0, first, size); }
};

// What a step is computed on.
struct StepData {
  const data::Source& source;
  data::Draw draw;
  data::Batch batch;
  torch::Tensor images;  // as the student takes them
};

// What a step takes from elsewhere instead of computing it.
struct StepSharing {
  // The logits of this teacher for the source of the steps, all that the objective asks of it; null: the teacher
  // computes each batch.
  cache::LogitCache* logit_cache = nullptr;
  // What is computed once for several trainers, and their teacher there; null: the trainer is alone.
  CommonWork* common = nullptr;
  std::shared_ptr<CommonWork::Teacher> teacher{};
};

// What one step computed: scalars on the step's device, not yet read.
struct StepResult {
  torch::Tensor total;               // the objective
  std::vector<torch::Tensor> terms;  // unweighted, in the order of the graph's terms
  torch::Tensor correct;             // how many samples the student classified right; undefined without logits
  torch::Tensor counts;              // [terms + 5] double: objective and terms times samples, samples classified right,
                                     // samples with a label, samples, 0
  torch::Tensor gradient_norm;       // before clipping; undefined unless asked for, or clipped
};

// Runs the training graph: the models as recorded programs, the terms as their plugins do them; on a GPU as one replay
// of the whole step, where nothing forbids it.
class StepExecutor {
 public:
  // Moves the graph's modules to `device`; everything outlives the executor. `capture` makes the graphs that steps are
  // replayed from; empty: they are run each time. Steps that share cannot be replayed.
  StepExecutor(graph::TrainingGraph& graph, c10::Device device, c10::ScalarType type, StepValues& values,
               DeviceGraphFactory capture, StepSharing sharing = {});

  StepExecutor(const StepExecutor&) = delete;
  StepExecutor& operator=(const StepExecutor&) = delete;

  Optimizer& optimizer() { return *optimizer_; }
  const Optimizer& optimizer() const { return *optimizer_; }
  PhaseClock& clock() { return clock_; }

  // Has to be called after parameters were changed by somebody else.
  void parameters_changed() { student_.weights_changed(); }

  // What a step on these samples is computed on, and the taps that it asks for, in single precision. The teacher's have
  // no gradient; there are none when no term needs one.
  StepData gather(const data::Source& source, const torch::Tensor& indices, std::int64_t epoch) const;
  Taps student_taps(const StepData& data);
  std::optional<Taps> teacher_taps(const StepData& data);

  // Forward, backward and update on the batch that `source` makes of the indices. [step thread] No synchronisation with
  // a GPU. A replayed step writes into the tensors of the step before.
  StepResult step(const data::Source& source, const StepSettings& settings);

 private:
  // The settings as tensors on the device.
  struct Inputs {
    data::Draw draw;
    torch::Tensor lr;       // []
    torch::Tensor weights;  // [terms]
  };
  // Where a replayed step takes its samples from: it moves on by itself, and is told where to be when it would be
  // elsewhere.
  struct Place {
    torch::Tensor order;  // [samples] int64
    torch::Tensor first;  // [] int64
    torch::Tensor key;    // Draw::key
    std::int64_t epoch = -1;
    std::int64_t next = 0;  // `first`, as the host knows it
  };
  // A step that is replayed, and the tensors that it reads and writes.
  struct Captured {
    int warm_ups = 0;
    Inputs inputs;
    double lr = 0.0;              // what the inputs hold
    std::vector<double> weights;  // likewise
    StepResult result;
    std::map<StepValues::Key, at::Tensor> reported;
    std::unique_ptr<DeviceGraph> graph;
    bool ready = false;
  };

  torch::Tensor images(const data::Source& source, const data::Draw& draw, const data::Normalize& normalize,
                       const ModelRunner& runner) const;
  Inputs inputs_of(const data::Source& source, const StepSettings& settings) const;
  StepData gather(const data::Source& source, data::Draw draw) const;
  torch::Tensor cached_logits(const StepData& data);
  Taps own_teacher_taps(const StepData& data);
  std::optional<Taps> common_teacher_taps(const StepData& data);
  StepResult compute(const data::Source& source, const Inputs& inputs, std::int64_t step, bool measure_gradient);
  void go_to(const data::Source& source, const StepSettings& settings);
  StepResult replayed(const data::Source& source, const StepSettings& settings);

  graph::TrainingGraph& graph_;
  c10::Device device_;
  StepValues& values_;
  data::Normalize student_input_;
  std::optional<data::Normalize> teacher_input_;
  ModelRunner student_;
  std::optional<ModelRunner> teacher_;
  StepSharing sharing_;
  // By batch size and number of taps: whether the common teacher computes what this trainer's own does.
  std::map<std::pair<std::int64_t, std::size_t>, bool> common_teacher_agrees_;
  std::unique_ptr<Optimizer> optimizer_;
  PhaseClock clock_;
  DeviceGraphFactory capture_;
  Place place_;
  std::map<std::pair<std::int64_t, bool>, Captured> captured_;  // by batch size, and whether the gradient is measured
};

// The parameters that a stage trains: those of its trained modules that require gradients and that the objective
// reaches, each once, under "<module>.<parameter>".
std::vector<NamedParameter> trained_parameters(const graph::TrainingGraph& graph);

}  // namespace retort::engine
