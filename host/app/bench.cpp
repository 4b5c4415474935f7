#include <algorithm>
#include <cstdio>
#include <memory>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "config/keys.hpp"
#include "engine/capture_obstacle.hpp"
#include "experiment_options.hpp"
#include "run/bench.hpp"
#include "run/bench_variants.hpp"
#include "run/preparation.hpp"
#include "run/teacher_logits.hpp"

namespace retort::app {
namespace {

struct Options {
  ExperimentOptions experiment;
  run::BenchOptions bench;
  std::string stage;
  bool passes = false;
  std::int64_t rounds = 3;
  bool json = false;
};

constexpr double kMebibyte = 1 << 20;

const char* part_name(engine::Phase phase) {
  return phase == engine::Phase::Loss ? "terms" : engine::phase_name(phase);
}

nlohmann::ordered_json to_json(const run::BenchResult& result) {
  nlohmann::ordered_json parts;
  for (std::size_t i = 0; i < result.parts.size(); ++i) parts[part_name(engine::kPhases[i])] = result.parts[i];
  parts["host"] = result.host;
  nlohmann::ordered_json json{
      {"steps", result.steps},
      {"batch_size", result.batch_size},
      {"train_images", result.train_images},
      {"threads", at::get_num_threads()},
      {"images_per_second", result.images_per_second},
      {"step_ms", {{"mean", result.mean}, {"median", result.median}, {"p10", result.p10}, {"p90", result.p90}}},
      {"parts_ms", parts},
      {"host_share", result.host_share},
      {"peak_memory_bytes", result.peak_memory}};
  if (result.peak_device_memory) json["peak_device_memory_bytes"] = *result.peak_device_memory;
  return json;
}

void print_part(const char* name, double milliseconds, double step) {
  fmt::print("  {:<10} {:>9.3f} ms  {:>5.1f}%\n", name, milliseconds, 100.0 * milliseconds / step);
}

void print(const run::BenchResult& result, const graph::TrainingGraph& graph) {
  fmt::print("stage {}: {}{}, batch {}, {} threads, {} steps\n", graph.stage,
             graph.teacher ? graph.teacher->spec.model.use.value + " -> " : "", graph.student.spec.model.use.value,
             result.batch_size, at::get_num_threads(), result.steps);
  for (std::size_t i = 0; i < result.parts.size(); ++i) {
    print_part(part_name(engine::kPhases[i]), result.parts[i], result.mean);
  }
  print_part("host", result.host, result.mean);
  fmt::print("  {:<10} {:>9.3f} ms  (median {:.3f}, p10 {:.3f}, p90 {:.3f})\n", "step", result.mean, result.median,
             result.p10, result.p90);
  fmt::print("  {:.0f} images/s, {:.2f}% of the time outside operators, peak memory {:.0f} MiB\n",
             result.images_per_second, 100.0 * result.host_share, static_cast<double>(result.peak_memory) / kMebibyte);
  if (result.peak_device_memory) {
    fmt::print("  peak memory of tensors on the GPU {:.0f} MiB\n",
               static_cast<double>(*result.peak_device_memory) / kMebibyte);
  }
}

// A stage of an experiment, ready to be measured, with everything that it refers to.
class Prepared {
 public:
  Prepared(const ExperimentOptions& options, registry::Registry& registry, const std::string& stage,
           const run::BenchOptions& bench) {
    const auto experiment = options.read(registry);
    config::Diagnostics diagnostics;
    const c10::Device device = run::settle_device(experiment.run);
    graphs_ = run::assemble_stages(experiment, registry, values_, diagnostics);
    graph_ = &run::find_stage(graphs_, stage);
    store_.emplace(device, experiment.engine.readers);
    data_ = store_->load(*graph_);
    const c10::ScalarType type = engine::compute_type(experiment.run.precision.value);
    const auto tell = [](const std::string& note) { fmt::print(stderr, "{}\n", note); };
    if (experiment.engine.logit_cache && graph_->teacher) {
      logit_cache_ =
          run::open_logit_cache(*experiment.engine.logit_cache, *graph_, *data_.train, {device, type}, registry, tell);
    }
    bench_.emplace(*graph_, data_, values_,
                   engine::StageTrainer::Options{
                       .device = device,
                       .type = type,
                       .read_every = experiment.metrics.every,
                       .capture = logit_cache_ ? engine::DeviceGraphFactory()
                                               : engine::choose_capture(*graph_, *data_.train, device, tell),
                       .logit_cache = logit_cache_.get()},
                   bench);
  }

  run::Bench& bench() { return *bench_; }
  const graph::TrainingGraph& graph() const { return *graph_; }

 private:
  engine::StepValues values_{[](registry::LogLevel, std::string_view, std::string_view) {}};
  std::deque<graph::TrainingGraph> graphs_;
  graph::TrainingGraph* graph_ = nullptr;
  std::optional<run::DataStore> store_;
  run::StageData data_;
  std::unique_ptr<cache::LogitCache> logit_cache_;
  std::optional<run::Bench> bench_;
};

int measure(const Options& options) {
  auto registry = options.experiment.plugins.scan();
  Prepared prepared(options.experiment, registry, options.stage, options.bench);
  const run::BenchResult result = prepared.bench().measure();
  if (options.json) {
    std::printf("%s\n", to_json(result).dump().c_str());
  } else {
    print(result, prepared.graph());
  }
  return kDone;
}

// What a variant took, and how its rounds compare with those of the first variant.
struct Comparison {
  run::BenchVariant variant;
  std::vector<double> medians{};  // milliseconds a step, by round
  std::int64_t peak_memory = 0;
};

struct Spread {
  double median, min, max;
};

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return {values.size() % 2 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]), values.front(),
          values.back()};
}

// Times of `other` as multiples of those of `base`, round by round.
Spread ratio(const Comparison& other, const Comparison& base) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < other.medians.size(); ++i) ratios.push_back(other.medians[i] / base.medians[i]);
  return spread(ratios);
}

nlohmann::ordered_json to_json(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

void print(const std::vector<Comparison>& comparisons, bool json) {
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Comparison& one : comparisons) {
      all.push_back({{"name", one.variant.name},
                     {"set", one.variant.set},
                     {"step_ms", to_json(spread(one.medians))},
                     {"ratio", to_json(ratio(one, comparisons.front()))},
                     {"peak_memory_bytes", one.peak_memory}});
    }
    std::printf("%s\n", nlohmann::ordered_json{{"variants", all}}.dump().c_str());
    return;
  }
  fmt::print("{:<28} {:>28}   {:>25}   {:>10}\n", "passes", "ms a step (range)", "times all (range)", "peak MiB");
  for (const Comparison& one : comparisons) {
    const auto text = [](const Spread& s, int digits) {
      return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", s.median, digits, s.min, digits, s.max, digits);
    };
    fmt::print("{:<28} {:>28}   {:>25}   {:>10.0f}\n", one.variant.name, text(spread(one.medians), 3),
               text(ratio(one, comparisons.front()), 3), static_cast<double>(one.peak_memory) / kMebibyte);
  }
}

// All variants in one process, in turns.
int compare_passes(const Options& options) {
  auto registry = options.experiment.plugins.scan();
  const auto variants = run::pass_variants(config::experiment_keys(), options.experiment.document());
  if (variants.size() == 1)
    throw InvalidParameter("--passes: no pass of [engine] is on, so there is none to switch off");
  std::vector<Comparison> comparisons;
  std::vector<std::unique_ptr<Prepared>> prepared;
  for (const run::BenchVariant& variant : variants) {
    ExperimentOptions changed = options.experiment;
    changed.overrides.set.insert(changed.overrides.set.end(), variant.set.begin(), variant.set.end());
    prepared.push_back(std::make_unique<Prepared>(changed, registry, options.stage, options.bench));
    comparisons.push_back({variant});
  }
  for (std::int64_t round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
      const run::BenchResult result = prepared[i]->bench().measure(/*with_host_share=*/false);
      comparisons[i].medians.push_back(result.median);
      comparisons[i].peak_memory =
          std::max(comparisons[i].peak_memory, result.peak_device_memory.value_or(result.peak_memory));
    }
  }
  print(comparisons, options.json);
  return kDone;
}

}  // namespace

Action add_bench(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app);
  app.add_option("--steps", options->bench.steps, "Steps to measure (default 50)")->check(CLI::PositiveNumber);
  app.add_option("--warmup", options->bench.warmup, "Steps before them (default 10)")->check(CLI::NonNegativeNumber);
  app.add_option("--stage", options->stage, "The stage to measure (default: the last)")->type_name("STAGE");
  auto* const passes = app.add_flag("--passes", options->passes,
                                    "Measure with every pass of [engine], without each in turn, and without any");
  app.add_option("--rounds", options->rounds, "How often each is measured with --passes, in turns (default 3)")
      ->check(CLI::PositiveNumber)
      ->needs(passes);
  app.add_flag("--json", options->json, "Print for programs");
  return [options] { return options->passes ? compare_passes(*options) : measure(*options); };
}

}  // namespace retort::app
