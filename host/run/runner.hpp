#pragma once

#include <deque>
#include <filesystem>
#include <functional>
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

// What runs of one process have together.
struct Company {
  DataStore& data;
  engine::CommonWork& work;
};

// Runs an experiment from its checks to its summary. Everything that can be known to be wrong is found by prepare(),
// before anything is written.
class Runner {
 public:
  // Experiment and registry outlive the runner. `label` stands before what it writes to stderr.
  Runner(const config::ExperimentSpec& experiment, registry::Registry& registry, RunOrigin origin,
         const std::string& label = "");
  ~Runner();

  // Assembles all stages, reads their data, opens the metrics endpoint. Throws config::Rejected. `company`, which
  // outlives the runner, is that of a run beside others.
  void prepare();
  void prepare(const Company& company);
  // Trains all stages, or until a signal asks for a stop. Throws what StageRun throws, and Error when something cannot
  // be written.
  RunOutcome run();

  // run() in pieces: start(), then advance() as long as it says so, a step each; the outcome is then there. What throws
  // has ended the run.
  void start();
  bool advance();
  const RunOutcome& outcome() const { return outcome_; }
  // Stage, from 0, and steps of it that are done: how far the run is.
  std::pair<std::size_t, std::int64_t> position() const;

 private:
  void assemble(DataStore& store);
  // What an earlier sitting came to, when it left nothing to train.
  std::optional<RunOutcome> finished_before() const;
  void open_endpoint();
  void open_directory();
  // The stages' graphs, as `retort graph --json` prints them.
  std::string drawn_graphs() const;
  // Writes down what this sitting depends on besides the experiment; warns when it is not like the first.
  void keep_environment();
  void keep_sources(nlohmann::ordered_json& facts) const;
  void describe_run();
  void announce_endpoint();
  void or_fail(const std::function<void()>& part);
  void begin_next_stage();
  void finish(metrics::RunState state);

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
  engine::CommonWork* common_work_ = nullptr;
  nlohmann::ordered_json data_facts_;  // for environment.json
  std::optional<RunDirectory> directory_;
  std::optional<CheckpointStore> checkpoints_;
  std::optional<weights::TensorFile> checkpoint_;  // where the earlier sitting stopped
  std::optional<metrics::HistoryWriter> history_;
  std::optional<metrics::RunMetrics> metrics_;
  std::optional<metrics::TargetFile> target_;  // tells Prometheus where the endpoint is
  std::optional<StageRun> stage_;              // the one that is under way
  std::size_t next_stage_ = 0;
  RunOutcome outcome_;
  bool over_ = false;
};

}  // namespace retort::run
