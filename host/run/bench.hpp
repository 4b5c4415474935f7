#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "data_store.hpp"
#include "engine/step_values.hpp"
#include "engine/trainer.hpp"
#include "graph/training_graph.hpp"

namespace retort::run {

struct BenchOptions {
  std::int64_t warmup = 10;  // steps that are not counted
  std::int64_t steps = 50;
};

// Where the time of a training step goes, in milliseconds. The parts and `host` are means and add up to the mean step.
struct BenchResult {
  std::int64_t steps = 0;
  std::int64_t batch_size = 0;
  std::int64_t train_images = 0;
  double images_per_second = 0.0;  // by the median step
  double mean = 0.0, median = 0.0, p10 = 0.0, p90 = 0.0;
  // On a GPU the parts are the times of launching; what the host waits for it is in `host`.
  std::array<double, engine::kPhases.size()> parts{};
  double host = 0.0;                               // the step less its parts: sampling, accumulating, reading
  double host_share = 0.0;                         // of the step's time outside operators
  std::int64_t peak_memory = 0;                    // bytes: the process's largest resident set while it was measured
  std::optional<std::int64_t> peak_device_memory;  // bytes that tensors took on the GPU at most
};

// A stage that is trained for a while as a run would, without evaluations and checkpoints. Several may live side by
// side, to be measured in turns.
class Bench {
 public:
  // Warms up. The references outlive the object.
  Bench(graph::TrainingGraph& graph, const StageData& data, engine::StepValues& values,
        const engine::StageTrainer::Options& training, const BenchOptions& options);
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // Trains and measures as many steps as the options say. The share of the host takes steps of its own.
  BenchResult measure(bool with_host_share = true);

 private:
  // Keeps the time of every step.
  class Stopwatch final : public engine::StageObserver {
   public:
    void read(const engine::Reading& reading) override {
      times.insert(times.end(), reading.steps.begin(), reading.steps.end());
    }
    void evaluated(const engine::Position&, const engine::Evaluation&) override {}
    void save_point(const engine::Position&, bool) override {}

    std::vector<engine::StepTime> times;
  };

  std::vector<engine::StepTime> timed_steps();

  const graph::TrainingGraph& graph_;
  const StageData& data_;
  BenchOptions options_;
  c10::Device device_;
  Stopwatch stopwatch_;
  engine::StageTrainer trainer_;
  std::size_t done_ = 0;  // steps
};

}  // namespace retort::run
