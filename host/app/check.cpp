#include <cstdio>

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "component_options.hpp"
#include "run/preparation.hpp"

namespace retort::app {
namespace {

struct Options {
  ExperimentOptions experiment;
  bool no_data = false;
  bool json = false;
};

nlohmann::ordered_json stage_json(const graph::TrainingGraph& graph) {
  nlohmann::ordered_json stage{{"stage", graph.stage},
                               {"student", graph.student.spec.model.use.value},
                               {"student_parameters", graph.student.parameters},
                               {"terms", nlohmann::ordered_json::array()},
                               {"unreached_parameters", graph.unreached}};
  if (graph.teacher) stage["teacher"] = graph.teacher->spec.model.use.value;
  for (const graph::Term& term : graph.terms) stage["terms"].push_back(term.name);
  return stage;
}

int check(const Options& options) {
  auto registry = options.experiment.plugins.scan();
  const auto experiment = options.experiment.read(registry);
  PlainServices services;
  config::Diagnostics diagnostics;
  const c10::Device device = options.no_data ? c10::Device(c10::kCPU) : run::settle_device(experiment.run);
  const auto graphs = run::assemble_stages(experiment, registry, services, diagnostics);
  std::fprintf(stderr, "%s", diagnostics.text().c_str());
  if (!options.no_data) {
    run::DataStore store(device);
    run::load_data(graphs, store);
  }
  if (options.json) {
    nlohmann::ordered_json stages = nlohmann::ordered_json::array();
    for (const graph::TrainingGraph& graph : graphs) stages.push_back(stage_json(graph));
    std::printf("%s\n", nlohmann::ordered_json{{"valid", true}, {"stages", stages}}.dump().c_str());
    return kDone;
  }
  std::printf("%s: valid, %zu stage%s", options.experiment.file.c_str(), graphs.size(), graphs.size() == 1 ? "" : "s");
  for (const graph::TrainingGraph& graph : graphs) {
    std::printf("\n  %s: %s%s%s", graph.stage.c_str(), graph.teacher ? graph.teacher->spec.model.use.value.c_str() : "",
                graph.teacher ? " -> " : "", graph.student.spec.model.use.value.c_str());
  }
  std::printf("\n");
  return kDone;
}

}  // namespace

Action add_check(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app);
  app.add_flag("--no-data", options->no_data, "Assemble from what the data set declares, without opening its files");
  app.add_flag("--json", options->json, "Print the result for programs");
  app.footer(
      "Everything is checked that a run would check before it trains: keys, values, plugins, taps, shapes, "
      "gradients, weights files, data files.");
  return [options] { return check(*options); };
}

}  // namespace retort::app
