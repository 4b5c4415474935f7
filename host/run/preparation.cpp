#include "preparation.hpp"

#include <ATen/Parallel.h>

#include <retort/nearest.hpp>

#include "engine/device.hpp"
#include "graph/model_node.hpp"

namespace retort::run {

std::deque<graph::TrainingGraph> assemble_stages(const config::ExperimentSpec& experiment, registry::Registry& registry,
                                                 registry::Services& services, config::Diagnostics& diagnostics) {
  std::deque<graph::TrainingGraph> stages;
  const graph::Workshop workshop{registry, services, static_cast<std::uint64_t>(experiment.run.seed),
                                 experiment.engine};
  for (const config::StageSpec& stage : experiment.stages) {
    if (auto graph = graph::assemble(stage, workshop, diagnostics)) stages.push_back(std::move(*graph));
  }
  diagnostics.throw_if_failed();
  return stages;
}

graph::TrainingGraph& find_stage(std::deque<graph::TrainingGraph>& stages, const std::string& name) {
  if (name.empty()) return stages.back();
  std::vector<std::string> names;
  for (graph::TrainingGraph& stage : stages) {
    if (stage.stage == name) return stage;
    names.push_back(stage.stage);
  }
  throw InvalidParameter("there is no stage '" + name + "'" + did_you_mean(name, names) + " (stages: " + join(names) +
                         ")");
}

c10::Device settle_device(const config::RunSpec& run) {
  if (run.threads > 0) at::set_num_threads(static_cast<int>(run.threads));
  try {
    return engine::find_device(run.device.value);
  } catch (const Error& error) {
    config::reject(run.device.origin, error.what());
  }
}

namespace {

void check_batches(const graph::TrainingGraph& graph, std::int64_t images, config::Diagnostics& diagnostics) {
  const config::TrainingSpec& training = graph.training;
  if (!training.drop_last || images >= training.batch_size) return;
  diagnostics.error(training.origin, "schedule: drop_last leaves no batch: batch_size is " +
                                         std::to_string(training.batch_size) + ", and stage '" + graph.stage +
                                         "' trains on " + std::to_string(images) + " images");
}

}  // namespace

std::deque<StageData> load_data(const std::deque<graph::TrainingGraph>& stages, DataStore& store) {
  config::Diagnostics diagnostics;
  std::deque<StageData> data;
  for (const graph::TrainingGraph& graph : stages) {
    try {
      data.push_back(store.load(graph));
      check_batches(graph, data.back().train->size(), diagnostics);
    } catch (const registry::ComponentError& error) {
      graph::report(error, diagnostics);
    }
  }
  diagnostics.throw_if_failed();
  return data;
}

}  // namespace retort::run
