#include "bench.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "engine/operator_clock.hpp"

namespace retort::run {
namespace {

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

double quantile(std::vector<double> values, double q) {
  const auto index = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

template <class Value>
std::vector<double> milliseconds(const std::vector<engine::StepTime>& times, Value&& value) {
  std::vector<double> out;
  for (const engine::StepTime& time : times) out.push_back(1e3 * value(time));
  return out;
}

// The share of the steps' time that is spent outside LibTorch's operators.
double host_share(engine::StageTrainer& trainer, std::int64_t steps) {
  const engine::OperatorClock operators;
  const auto started = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < steps; ++i) trainer.step();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  return 1.0 - operators.seconds() / elapsed.count();
}

}  // namespace

BenchResult bench(graph::TrainingGraph& graph, const StageData& data, engine::StepValues& values,
                  const engine::StageTrainer::Options& training, const BenchOptions& options) {
  Stopwatch stopwatch;
  engine::StageTrainer::Options often = training;
  often.read_every = std::min(training.read_every, options.steps);
  engine::StageTrainer trainer(graph, *data.train, *data.test, values, often, stopwatch);
  for (std::int64_t i = 0; i < options.warmup; ++i) trainer.step();
  // Times arrive with the readings.
  while (static_cast<std::int64_t>(stopwatch.times.size()) < options.warmup + options.steps) trainer.step();
  const auto first = stopwatch.times.begin() + options.warmup;
  const std::vector<engine::StepTime> times(first, first + options.steps);

  BenchResult result{.steps = static_cast<std::int64_t>(times.size()),
                     .batch_size = graph.training.batch_size,
                     .train_images = data.train->size()};
  const auto steps = milliseconds(times, [](const auto& time) { return time.seconds; });
  result.mean = mean(steps);
  result.median = quantile(steps, 0.5);
  result.p10 = quantile(steps, 0.1);
  result.p90 = quantile(steps, 0.9);
  result.other = result.mean;
  for (std::size_t p = 0; p < result.parts.size(); ++p) {
    result.parts[p] = mean(milliseconds(times, [&](const auto& time) { return time.phases[p]; }));
    result.other -= result.parts[p];
  }
  result.images_per_second = 1e3 * static_cast<double>(result.batch_size) / result.median;
  result.host_share = host_share(trainer, options.steps);
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  result.peak_memory = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  return result;
}

}  // namespace retort::run
