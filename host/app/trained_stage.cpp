#include "trained_stage.hpp"

#include <utility>

#include "engine/device.hpp"
#include "run/adoption.hpp"
#include "run/preparation.hpp"
#include "weights/safetensors.hpp"
#include "weights/state.hpp"

namespace retort::app {

void TrainedStageOptions::add_to(CLI::App& command) {
  command.add_option("--stage", choice.stage, "The stage whose student is meant (default: the last)")
      ->type_name("STAGE");
  command.add_flag("--best", choice.best, "The student of the best evaluation instead of the last");
  plugins.add_to(command);
}

TrainedStage::TrainedStage(const TrainedStageOptions& options) : registry_(options.plugins.scan()) {
  const std::filesystem::path weights = settle_target(options);
  const auto experiment = experiment_options_.read(registry_);
  config::Diagnostics diagnostics;
  device_ = run::settle_device(experiment.run);
  type_ = engine::compute_type(experiment.run.precision.value);
  graphs_ = run::assemble_stages(experiment, registry_, services_, diagnostics);
  graph_ = &run::find_stage(graphs_, stage_);
  load(graph_->student, weights);
  if (graph_->teacher) {
    const bool adopts = run::comes_from_stages(*graph_->teacher);
    if (adopts && directory_) run::adopt_students(*graph_->teacher, *directory_);
    teacher_ready_ = !adopts || directory_;
  }
  for (const graph::ModelNode* node : {&std::as_const(graph_->student), teacher()}) {
    if (!node) continue;
    node->model->to(device_);
    node->model->eval();
  }
}

// The file of the student's weights; sets the experiment and the stage that they belong to.
std::filesystem::path TrainedStage::settle_target(const TrainedStageOptions& options) {
  stage_ = options.choice.stage;
  if (!std::filesystem::is_directory(options.target)) {
    if (options.weights.empty()) throw InvalidParameter("an experiment file needs --weights FILE");
    experiment_options_.file = options.target;
    return options.weights;
  }
  directory_.emplace(run::RunDirectory::open(options.target));
  run_ = directory_->id();
  experiment_options_.file = directory_->experiment();
  const auto student = run::find_student(*directory_, options.choice);
  stage_ = student.stage;
  return options.weights.empty() ? student.file : options.weights;
}

void TrainedStage::load(const graph::ModelNode& node, const std::filesystem::path& file) const {
  const auto report = weights::load_state(*node.model, weights::load_tensors(file).tensors);
  if (!report.clean()) {
    throw InvalidParameter(file.string() + " does not fit " + node.role + " '" + node.spec.model.use.value +
                           "': " + report.text());
  }
}

std::shared_ptr<const data::Source> TrainedStage::source(Split split) const {
  return run::DataStore(device_).whole(*graph_, split);
}

}  // namespace retort::app
