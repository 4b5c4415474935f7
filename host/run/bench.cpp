#include "bench.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include <torch/cuda.h>

#include "engine/operator_clock.hpp"
#include "peak_memory.hpp"

namespace retort::run {
namespace {

using Clock = std::chrono::steady_clock;

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

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void wait_for(const c10::Device& device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

// The share of the steps' time that is spent outside operators.
double host_share(engine::StageTrainer& trainer, std::int64_t steps) {
  const engine::OperatorClock operators;
  const auto started = Clock::now();
  for (std::int64_t i = 0; i < steps; ++i) trainer.step();
  return 1.0 - operators.seconds() / seconds_since(started);
}

engine::StageTrainer::Options reading_within(const engine::StageTrainer::Options& training, std::int64_t steps) {
  engine::StageTrainer::Options often = training;
  often.read_every = std::min(training.read_every, steps);
  return often;
}

}  // namespace

Bench::Bench(graph::TrainingGraph& graph, const StageData& data, engine::StepValues& values,
             const engine::StageTrainer::Options& training, const BenchOptions& options)
    : graph_(graph),
      data_(data),
      options_(options),
      device_(training.device),
      trainer_(graph, *data.train, *data.test, values, reading_within(training, options.steps), stopwatch_) {
  for (std::int64_t i = 0; i < options.warmup; ++i) trainer_.step();
  done_ = static_cast<std::size_t>(options.warmup);
  wait_for(device_);
}

// A GPU works behind the host's back: its steps are timed by the blocks between two waits, each step an equal share.
std::vector<engine::StepTime> Bench::timed_steps() {
  constexpr std::size_t kBlock = 10;
  const std::size_t first = done_, wanted = first + static_cast<std::size_t>(options_.steps);
  std::vector<double> seconds;
  // Times arrive with the readings.
  while (stopwatch_.times.size() < wanted) {
    const auto started = Clock::now();
    std::size_t steps = 0;
    for (; steps < kBlock && stopwatch_.times.size() < wanted; ++steps, ++done_) trainer_.step();
    wait_for(device_);
    seconds.insert(seconds.end(), steps, seconds_since(started) / static_cast<double>(steps));
  }
  const auto begin = stopwatch_.times.begin() + static_cast<std::ptrdiff_t>(first);
  std::vector<engine::StepTime> times(begin, begin + options_.steps);
  if (device_.is_cuda()) {
    for (std::size_t i = 0; i < times.size(); ++i) times[i].seconds = seconds[i];
  }
  return times;
}

BenchResult Bench::measure(bool with_host_share) {
  const PeakMemory peak(device_);
  const std::vector<engine::StepTime> times = timed_steps();
  BenchResult result{.steps = static_cast<std::int64_t>(times.size()),
                     .batch_size = graph_.training.batch_size,
                     .train_images = data_.train->size()};
  const auto steps = milliseconds(times, [](const auto& time) { return time.seconds; });
  result.mean = mean(steps);
  result.median = quantile(steps, 0.5);
  result.p10 = quantile(steps, 0.1);
  result.p90 = quantile(steps, 0.9);
  result.host = result.mean;
  for (std::size_t p = 0; p < result.parts.size(); ++p) {
    result.parts[p] = mean(milliseconds(times, [&](const auto& time) { return time.phases[p]; }));
    result.host -= result.parts[p];
  }
  result.images_per_second = 1e3 * static_cast<double>(result.batch_size) / result.median;
  result.peak_memory = peak.resident();
  result.peak_device_memory = peak.on_device();
  if (with_host_share) {
    result.host_share = host_share(trainer_, options_.steps);
    done_ += static_cast<std::size_t>(options_.steps);
  }
  return result;
}

}  // namespace retort::run
