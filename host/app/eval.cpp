#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "component_options.hpp"
#include "engine/evaluation.hpp"
#include "run/preparation.hpp"
#include "run/trained_student.hpp"
#include "weights/safetensors.hpp"
#include "weights/state.hpp"

namespace retort::app {
namespace {

struct Options {
  std::filesystem::path target;
  std::filesystem::path weights;
  run::StudentChoice choice;
  ExperimentOptions experiment;
  bool json = false;
};

// The student's weights and the experiment they belong to.
std::filesystem::path settle_target(Options& options) {
  if (std::filesystem::is_directory(options.target)) {
    const auto directory = run::RunDirectory::open(options.target);
    options.experiment.file = directory.experiment();
    const auto student = run::find_student(directory, options.choice);
    options.choice.stage = student.stage;
    return options.weights.empty() ? student.file : options.weights;
  }
  if (options.weights.empty()) throw InvalidParameter("eval of an experiment file needs --weights FILE");
  options.experiment.file = options.target;
  return options.weights;
}

int evaluate(Options& options) {
  const auto file = settle_target(options);
  auto registry = options.experiment.plugins.scan();
  const auto experiment = options.experiment.read(registry);
  PlainServices services;
  config::Diagnostics diagnostics;
  const c10::Device device = run::settle_device(experiment.run);
  auto graphs = run::assemble_stages(experiment, registry, services, diagnostics);
  graph::TrainingGraph& graph = run::find_stage(graphs, options.choice.stage);
  const auto report = weights::load_state(*graph.student.model, weights::load_tensors(file).tensors);
  if (!report.clean()) {
    throw InvalidParameter(file.string() + " does not fit student '" + graph.student.spec.model.use.value +
                           "': " + report.text());
  }
  graph.student.model->to(device);
  run::DataStore store(static_cast<std::uint64_t>(experiment.run.seed), device);
  const auto data = store.load(graph);
  const auto result = engine::evaluate(graph.student, *data.test, engine::compute_type(experiment.run.precision.value));
  if (options.json) {
    std::printf("%s\n", nlohmann::ordered_json{{"model", graph.student.spec.model.use.value},
                                               {"samples", result.samples},
                                               {"loss", result.loss},
                                               {"top1", result.top1},
                                               {"top5", result.top5}}
                            .dump()
                            .c_str());
  } else {
    fmt::print("{}: {:.2f}% of {} test images right (top-5 {:.2f}%), cross-entropy {:.4f}\n",
               graph.student.spec.model.use.value, 100.0 * result.top1, result.samples, 100.0 * result.top5,
               result.loss);
  }
  return kDone;
}

}  // namespace

Action add_eval(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("TARGET", options->target, "The directory of a run, or an experiment (then --weights is needed)")
      ->required()
      ->check(CLI::ExistingPath);
  app.add_option("--weights", options->weights, "Safetensors file of the student")->type_name("FILE");
  app.add_option("--stage", options->choice.stage, "The stage whose student is meant (default: the last)")
      ->type_name("STAGE");
  app.add_flag("--best", options->choice.best, "The student of the best evaluation instead of the last");
  options->experiment.plugins.add_to(app);
  app.add_flag("--json", options->json, "Print for programs");
  return [options] { return evaluate(*options); };
}

}  // namespace retort::app
