#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "checkpoint_store.hpp"
#include "data_store.hpp"
#include "engine/trainer.hpp"
#include "event_log.hpp"
#include "metrics/history.hpp"
#include "metrics/progress.hpp"
#include "metrics/run_metrics.hpp"
#include "metrics/stage_recorder.hpp"
#include "outcome.hpp"
#include "run_directory.hpp"
#include "teacher_logits.hpp"

namespace retort::run {

// What the stages of a run share. Everything outlives them.
struct RunContext {
  const config::RunSpec& spec;
  const RunDirectory& directory;
  CheckpointStore& checkpoints;
  engine::StepValues& values;
  engine::StageTrainer::Options training;
  const config::EngineSpec& engine;
  const registry::Registry& registry;
  metrics::MetricStore& store;
  metrics::RunMetrics& metrics;
  metrics::HistoryWriter& history;
  metrics::ProgressLine& progress;
  EventLog& log;
};

// One stage of a run: trains it, saves checkpoints and the student, and goes on where an earlier sitting stopped.
// begin(), then advance() as long as it says so, then end(). Time in between is not the stage's.
class StageRun final : public engine::StageObserver {
 public:
  // Takes over the weights of a teacher or student that comes from another stage. Throws config::Rejected when they do
  // not fit, and Error when the label noise is not that of an earlier sitting.
  StageRun(graph::TrainingGraph& graph, const StageData& data, const RunContext& context);

  // Goes on from a checkpoint of this stage.
  void restore(const weights::TensorFile& checkpoint);

  // Evaluates the teacher. Throws config::Rejected when it is not as accurate as the experiment expects.
  void begin();
  // A step, or, when `stop` is set, a checkpoint; false: there is nothing more to do. Throws what StageTrainer::run()
  // throws.
  bool advance(const std::atomic<bool>& stop);
  // Empty when it was stopped, and saved.
  std::optional<StageOutcome> end();

  std::int64_t step() const { return trainer_->position().step; }

 private:
  void read(const engine::Reading& reading) override;
  void evaluating() override;
  void evaluated(const engine::Position& position, const engine::Evaluation& evaluation) override;
  void save_point(const engine::Position& position, bool stopping) override;

  // Saves what label noise changed, or makes sure that it is what an earlier sitting saved.
  void keep_label_noise(const data::LabelChanges& changes) const;
  // Runs `work` as a part of the stage: counts its time, and tells of what became of models that it spoilt.
  void work(const std::function<void()>& work);
  void check_teacher_accuracy() const;
  void save_checkpoint(const engine::Position& position);
  // Keeps what a stage that diverged had come to, for whoever looks for the reason; returns what to tell of it.
  std::string save_diverged() const;
  void save_calibration(const engine::Evaluation& student) const;
  void save_student(const std::filesystem::path& path, double top1) const;
  double seconds() const;
  StageOutcome outcome(const engine::StageResult& result) const;

  graph::TrainingGraph& graph_;
  RunContext context_;
  std::unique_ptr<cache::LogitCache> logit_cache_;
  std::optional<engine::StageTrainer> trainer_;
  metrics::StageRecorder recorder_;
  double best_top1_ = -1.0;
  std::optional<std::pair<std::int64_t, double>> evaluated_;  // the last time: step and top-1
  double earlier_seconds_ = 0.0;                              // of earlier sittings, and of what is done
  std::optional<std::chrono::steady_clock::time_point> working_since_;
  engine::StageResult result_;
};

}  // namespace retort::run
