#pragma once

#include <cstdint>
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

// Where the time of a training step goes, in milliseconds. The parts and `other` are means and add up to the mean step.
struct BenchResult {
  std::int64_t steps = 0;
  std::int64_t batch_size = 0;
  std::int64_t train_images = 0;
  double images_per_second = 0.0;  // by the median step
  double mean = 0.0, median = 0.0, p10 = 0.0, p90 = 0.0;
  std::array<double, engine::kPhases.size()> parts{};
  double other = 0.0;            // the step less its parts: sampling, accumulating, reading
  double host_share = 0.0;       // of the step's time outside LibTorch's operators, measured in steps of their own
  std::int64_t peak_memory = 0;  // bytes: the process's largest resident set so far
};

// Trains `graph` for a while as a run would, without evaluations and checkpoints.
BenchResult bench(graph::TrainingGraph& graph, const StageData& data, engine::StepValues& values,
                  const engine::StageTrainer::Options& training, const BenchOptions& options);

}  // namespace retort::run
