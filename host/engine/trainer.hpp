#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/sampler.hpp"
#include "diagnostics/diagnosis.hpp"
#include "evaluation.hpp"
#include "rollback.hpp"
#include "step_executor.hpp"
#include "step_values.hpp"
#include "weights/safetensors.hpp"

namespace retort::engine {

// Where a stage stands. Between two steps, `batch` is the next one of `epoch`.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  std::int64_t step = 0;
};

// Means over the samples of some steps.
struct Means {
  double loss = 0.0;               // the objective
  std::vector<double> terms;       // unweighted, in the order of the graph's terms
  std::optional<double> accuracy;  // of the student on the augmented training images that have a label
};

struct StepTime {
  double seconds = 0.0;
  std::array<double, kPhases.size()> phases{};  // by Phase
};

// A parameter of a loss that is on a schedule.
struct ParameterValue {
  std::size_t term = 0;  // of the graph
  std::string parameter;
  double value = 0.0;
};

// What was read from the device: how the stage does since the reading before.
struct Reading {
  Position position;
  std::int64_t epochs = 0;
  std::int64_t batches_per_epoch = 0;
  std::int64_t total_steps = 0;
  Means recent;                            // since the reading before
  Means epoch;                             // since the epoch began
  std::vector<double> weights;             // of the terms, now
  std::vector<ParameterValue> parameters;  // those on a schedule, now
  std::optional<double> gradient_norm;     // of the last step
  double learning_rate = 0.0;
  std::int64_t samples = 0;                              // since the reading before, in this sitting
  std::int64_t skipped = 0;                              // steps since the reading before left out: not finite
  std::vector<StepTime> steps;                           // since the reading before
  std::map<StepValues::Key, double> reported;            // by components
  std::optional<Diagnosis> diagnosis;                    // of the last step, when one was due
  std::optional<cache::LogitCache::Counts> logit_cache;  // since the reading before, when there is a cache
};

// Is told what happens in a stage. [step thread]
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  virtual void read(const Reading& reading) = 0;
  // An evaluation of the student begins; evaluated() follows.
  virtual void evaluating() {}
  virtual void evaluated(const Position& position, const Evaluation& evaluation) = 0;
  // An epoch is over, or the stage was stopped: the moment to save a checkpoint.
  virtual void save_point(const Position& position, bool stopping) = 0;
};

struct StageResult {
  bool finished = false;  // false: stopped on request
  Evaluation last;        // of the student, when finished
  double best_top1 = 0.0;
};

// The objective became infinite or not a number: at all, or in more steps than may be skipped.
class Diverged : public Error {
 public:
  using Error::Error;
};

// The frozen teacher is not what it was when the stage began.
class TeacherChanged : public Error {
 public:
  using Error::Error;
};

// Trains one assembled stage.
class StageTrainer {
 public:
  struct Options {
    c10::Device device{c10::kCPU};
    c10::ScalarType type = c10::kFloat;
    std::int64_t read_every = 20;              // steps between two readings of the device
    std::int64_t diagnose_every = 0;           // steps between two diagnoses, each of which is read at once; 0: none
    DeviceGraphFactory capture{};              // what steps are replayed from; empty: they are run each time
    cache::LogitCache* logit_cache = nullptr;  // of this stage's teacher; null: none
    CommonWork* common = nullptr;              // what trainers beside this one compute too; null: there are none
    std::string teacher_name{};                // what its teacher is called there
  };

  // `test` is evaluated; everything outlives the trainer.
  StageTrainer(graph::TrainingGraph& graph, const data::Source& train, const data::Source& test, StepValues& values,
               const Options& options, StageObserver& observer);

  // Trains to the end, or until `stop` is set, which is looked at between two steps. Throws Diverged,
  // registry::ComponentError, TeacherChanged, and Error when a projector did not change.
  StageResult run(const std::atomic<bool>& stop);

  // run() in pieces: evaluate_teacher(), then advance() until finished(), then finish(); or suspend() in between.
  // advance() is a step with all that follows from it, an evaluation or a save point; suspend() a save point.
  bool finished() const;
  void advance();
  StageResult finish();
  StageResult suspend();

  // One optimizer step, with the reading that may follow it; true when it ended an epoch.
  bool step();

  // Everything that decides how the stage goes on, and back. restore() throws Error when the state is another stage's.
  weights::TensorFile snapshot() const;
  void restore(const weights::TensorFile& state);

  std::int64_t total_steps() const;
  const Position& position() const { return position_; }
  double best_top1() const { return best_top1_; }
  const std::optional<Evaluation>& teacher_evaluation() const { return teacher_evaluation_; }
  // Evaluates the teacher, once: its logits are what the student is compared with.
  void evaluate_teacher();

 private:
  std::vector<torch::Tensor> changing_tensors() const;
  torch::Tensor weights_finite() const;
  torch::Tensor settle_step();
  void save(bool stopping) const;
  void announce_batches();
  void read_device();
  Evaluation measure_student() const;
  void evaluate_student();
  void check_finite(const Means& recent) const;
  void check_skipped() const;
  void check_teacher_unchanged() const;
  void check_projectors_moved() const;
  Means means(const torch::Tensor& sums) const;
  std::vector<double> term_weights() const;
  std::vector<ParameterValue> scheduled_parameters() const;
  void set_scheduled_parameters();
  void diagnose_next_step();
  double epochs_done() const;

  graph::TrainingGraph& graph_;
  const data::Source& train_;
  const data::Source& test_;
  StepValues& values_;
  Options options_;
  StageObserver& observer_;
  std::shared_ptr<CommonWork::Teacher> common_teacher_;
  StepExecutor executor_;
  data::EpochSampler sampler_;
  data::EpochSampler sampler_ahead_;  // for what the source is told: may be in the next epoch already
  std::int64_t announced_ = 0;        // steps whose batches the source knows of
  Position position_;
  double best_top1_ = 0.0;
  bool ended_ = false;  // early, for its accuracy
  // [terms + 5] double, since the epoch began: objective, terms, correct, labelled, samples, and skipped steps, which
  // are in none of the others.
  torch::Tensor sums_;
  torch::Tensor sums_read_;           // the same at the last reading, on the CPU
  std::optional<Rollback> rollback_;  // when steps may be skipped
  torch::Tensor skipped_step_;        // what such a step adds to the sums
  std::int64_t skipped_ = 0;          // of the stage, up to the last reading
  StepResult last_step_;
  std::optional<Diagnosis> diagnosis_;  // of the step to come or just done, until it is read
  std::vector<StepTime> step_times_;    // since the last reading
  std::int64_t samples_ = 0;            // since the last reading
  std::optional<Evaluation> teacher_evaluation_;
  std::optional<Evaluation> student_evaluation_;
  std::string teacher_hash_;
  std::map<std::string, std::string> projector_hashes_;
};

}  // namespace retort::engine
