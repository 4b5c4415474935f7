#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/experiment.hpp"
#include "metrics/server.hpp"
#include "metrics/target_file.hpp"
#include "preparation.hpp"
#include "stage_run.hpp"

namespace retort::run {

// Where a run comes from.
struct RunOrigin {
  std::vector<std::string> command_line;
  std::optional<std::filesystem::path> resume;  // the directory of an earlier sitting of the same run
  std::vector<config::SourceFile> sources;      // the files that the experiment was read from
  config::Overrides overrides;
};

// Runs an experiment from its checks to its summary. Everything that can be known to be wrong is found by prepare(),
// before anything is written.
class Runner {
 public:
  // Experiment and registry outlive the runner.
  Runner(const config::ExperimentSpec& experiment, registry::Registry& registry, RunOrigin origin);
  ~Runner();

  // Assembles all stages, reads their data, opens the metrics endpoint. Throws config::Rejected.
  void prepare();
  // Trains all stages, or until a signal asks for a stop. Throws what StageRun::run() throws, and Error when something
  // cannot be written.
  RunOutcome run();

 private:
  // What an earlier sitting came to, when it left nothing to train.
  std::optional<RunOutcome> finished_before() const;
  void open_endpoint();
  void open_directory();
  // Writes down what this sitting depends on besides the experiment; warns when it is not like the first.
  void keep_environment();
  void keep_sources(nlohmann::ordered_json& facts) const;
  void describe_run();
  void announce_endpoint();
  bool run_stages(RunOutcome& outcome);
  void finish(RunOutcome& outcome, metrics::RunState state);

  const config::ExperimentSpec& experiment_;
  registry::Registry& registry_;
  RunOrigin origin_;

  // In the order of dependence: what is declared later is gone first.
  metrics::ProgressLine progress_;
  EventLog log_;
  metrics::MetricStore store_;
  std::unique_ptr<metrics::MetricServer> server_;
  engine::StepValues values_;
  c10::Device device_{c10::kCPU};
  std::deque<graph::TrainingGraph> graphs_;  // of all stages, in their order
  std::deque<StageData> data_;
  nlohmann::ordered_json data_facts_;  // for environment.json
  std::optional<RunDirectory> directory_;
  std::optional<CheckpointStore> checkpoints_;
  std::optional<weights::TensorFile> checkpoint_;  // where the earlier sitting stopped
  std::optional<metrics::HistoryWriter> history_;
  std::optional<metrics::RunMetrics> metrics_;
  std::optional<metrics::TargetFile> target_;  // tells Prometheus where the endpoint is
};

}  // namespace retort::run
