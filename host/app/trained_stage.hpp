#pragma once

#include <deque>
#include <filesystem>
#include <optional>
#include <string>

#include "component_options.hpp"
#include "data/source.hpp"
#include "graph/training_graph.hpp"
#include "run/run_directory.hpp"
#include "run/trained_student.hpp"

namespace retort::app {

// A stage with a trained student, on the command line: a run's, or an experiment's with a file of weights.
struct TrainedStageOptions {
  std::filesystem::path target;   // the run's directory, or the experiment
  std::filesystem::path weights;  // "": the run's
  run::StudentChoice choice;
  PluginOptions plugins;

  // --stage, --best and --plugin-path; the command adds `target` and, if it takes them, `weights`.
  void add_to(CLI::App& command);
};

// Such a stage, assembled, with the weights that training left, on its device and in eval mode.
class TrainedStage {
 public:
  // Throws config::Rejected, registry::ComponentError and InvalidParameter.
  explicit TrainedStage(const TrainedStageOptions& options);

  const std::string& run() const { return run_; }  // RunDirectory::id(); "" for an experiment
  const graph::TrainingGraph& graph() const { return *graph_; }
  const graph::ModelNode& student() const { return graph_->student; }
  // Null when the stage has none, and for an experiment whose teacher is the student of a stage.
  const graph::ModelNode* teacher() const { return teacher_ready_ ? &*graph_->teacher : nullptr; }
  c10::ScalarType type() const { return type_; }  // to compute in

  // A whole split of the data set, without augmentation, subset or label noise. Throws registry::ComponentError.
  std::shared_ptr<const data::Source> source(Split split) const;

 private:
  std::filesystem::path settle_target(const TrainedStageOptions& options);
  void load(const graph::ModelNode& node, const std::filesystem::path& file) const;

  std::optional<run::RunDirectory> directory_;
  std::string run_;
  ExperimentOptions experiment_options_;
  std::string stage_;
  registry::Registry registry_;
  PlainServices services_;
  std::deque<graph::TrainingGraph> graphs_;  // gone before the registry
  graph::TrainingGraph* graph_ = nullptr;
  bool teacher_ready_ = false;
  c10::Device device_{c10::kCPU};
  c10::ScalarType type_ = c10::kFloat;
};

}  // namespace retort::app
