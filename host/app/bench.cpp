#include <cstdio>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "engine/capture_obstacle.hpp"
#include "experiment_options.hpp"
#include "run/bench.hpp"
#include "run/preparation.hpp"

namespace retort::app {
namespace {

struct Options {
  ExperimentOptions experiment;
  run::BenchOptions bench;
  std::string stage;
  bool json = false;
};

nlohmann::ordered_json to_json(const run::BenchResult& result) {
  nlohmann::ordered_json parts;
  for (std::size_t i = 0; i < result.parts.size(); ++i) parts[engine::phase_name(engine::kPhases[i])] = result.parts[i];
  return {{"steps", result.steps},
          {"batch_size", result.batch_size},
          {"train_images", result.train_images},
          {"threads", at::get_num_threads()},
          {"images_per_second", result.images_per_second},
          {"step_ms", {{"mean", result.mean}, {"median", result.median}, {"p10", result.p10}, {"p90", result.p90}}},
          {"parts_ms", parts},
          {"other_ms", result.other},
          {"host_share", result.host_share},
          {"peak_memory_bytes", result.peak_memory}};
}

void print(const run::BenchResult& result, const graph::TrainingGraph& graph) {
  fmt::print("stage {}: {}{}, batch {}, {} threads, {} steps\n", graph.stage,
             graph.teacher ? graph.teacher->spec.model.use.value + " -> " : "", graph.student.spec.model.use.value,
             result.batch_size, at::get_num_threads(), result.steps);
  for (std::size_t i = 0; i < result.parts.size(); ++i) {
    fmt::print("  {:<10} {:>9.3f} ms  {:>5.1f}%\n", engine::phase_name(engine::kPhases[i]), result.parts[i],
               100.0 * result.parts[i] / result.mean);
  }
  fmt::print("  {:<10} {:>9.3f} ms  {:>5.1f}%\n", "other", result.other, 100.0 * result.other / result.mean);
  fmt::print("  {:<10} {:>9.3f} ms  (median {:.3f}, p10 {:.3f}, p90 {:.3f})\n", "step", result.mean, result.median,
             result.p10, result.p90);
  fmt::print("  {:.0f} images/s, {:.2f}% of the time outside LibTorch operators, peak memory {:.0f} MiB\n",
             result.images_per_second, 100.0 * result.host_share, static_cast<double>(result.peak_memory) / (1 << 20));
}

int measure(const Options& options) {
  auto registry = options.experiment.plugins.scan();
  const auto experiment = options.experiment.read(registry);
  engine::StepValues values([](registry::LogLevel, std::string_view, std::string_view) {});
  config::Diagnostics diagnostics;
  const c10::Device device = run::settle_device(experiment.run);
  auto graphs = run::assemble_stages(experiment, registry, values, diagnostics);
  graph::TrainingGraph& graph = run::find_stage(graphs, options.stage);
  run::DataStore store(device);
  const run::StageData data = store.load(graph);
  const auto result = run::bench(graph, data, values,
                                 {.device = device,
                                  .type = engine::compute_type(experiment.run.precision.value),
                                  .read_every = experiment.metrics.every,
                                  .capture = engine::choose_capture(
                                      graph, device, [](const std::string& note) { fmt::print(stderr, "{}\n", note); })},
                                 options.bench);
  if (options.json) {
    std::printf("%s\n", to_json(result).dump().c_str());
  } else {
    print(result, graph);
  }
  return kDone;
}

}  // namespace

Action add_bench(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app);
  app.add_option("--steps", options->bench.steps, "Steps to measure (default 50)")->check(CLI::PositiveNumber);
  app.add_option("--warmup", options->bench.warmup, "Steps before them (default 10)")->check(CLI::NonNegativeNumber);
  app.add_option("--stage", options->stage, "The stage to measure (default: the last)")->type_name("STAGE");
  app.add_flag("--json", options->json, "Print for programs");
  return [options] { return measure(*options); };
}

}  // namespace retort::app
