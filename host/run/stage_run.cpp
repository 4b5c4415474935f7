#include "stage_run.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "adoption.hpp"
#include "engine/capture_obstacle.hpp"
#include "files/atomic_file.hpp"
#include "measure_report.hpp"
#include "reports.hpp"
#include "weights/state.hpp"

namespace retort::run {

StageRun::StageRun(graph::TrainingGraph& graph, const StageData& data, const RunContext& context)
    : graph_(graph),
      context_(context),
      recorder_(context.store, {&context.history, &context.progress}, graph.stage, graph.training.epochs) {
  adopt_students(graph_.student, context_.directory);
  if (graph_.teacher) adopt_students(*graph_.teacher, context_.directory);
  if (data.label_changes) keep_label_noise(*data.label_changes);
  if (context_.engine.logit_cache && graph_.teacher) {
    logit_cache_ = open_logit_cache(*context_.engine.logit_cache, graph_, *data.train,
                                    {context_.training.device, context_.training.type}, context_.registry,
                                    [this](const std::string& text) { context_.log.warn(text); });
    context_.training.logit_cache = logit_cache_.get();
  }
  if (logit_cache_) {
    context_.log.info(fmt::format("stage {}: the teacher's logits of {} views of each image are kept in {}",
                                  graph_.stage, data.train->views().count, logit_cache_->file().path().string()));
  }
  if (context_.training.common && graph_.teacher) {
    context_.training.teacher_name =
        teacher_name(graph_, {context_.training.device, context_.training.type}, context_.registry);
  }
  // What the cache lacks is known only when a batch is there, and what is shared only where the runs are: such steps
  // are not replayed.
  if (!logit_cache_ && !context_.training.common) {
    context_.training.capture = engine::choose_capture(graph_, *data.train, context_.training.device,
                                                       [this](const std::string& note) { context_.log.info(note); });
  }
  trainer_.emplace(graph_, *data.train, *data.test, context_.values, context_.training, *this);
}

void StageRun::keep_label_noise(const data::LabelChanges& changes) const {
  const std::filesystem::path file = context_.directory.label_noise(graph_.stage);
  if (!std::filesystem::exists(file)) {
    std::filesystem::create_directories(file.parent_path());
    files::write_file(file, data::to_csv(changes));
  } else if (!(data::read_label_changes(file) == changes)) {
    throw Error(file.string() + " holds other label noise than the stage '" + graph_.stage +
                "' has now: are the data those that the run began with?");
  }
  context_.log.info(fmt::format("stage {}: {} training labels are wrong on purpose", graph_.stage, changes.size()));
}

void StageRun::restore(const weights::TensorFile& checkpoint) {
  trainer_->restore(checkpoint);
  best_top1_ = trainer_->best_top1();
  if (const auto found = checkpoint.metadata.find("seconds"); found != checkpoint.metadata.end()) {
    earlier_seconds_ = std::stod(found->second);
  }
  context_.log.info(fmt::format("stage {}: goes on after step {}", graph_.stage, trainer_->position().step));
}

void StageRun::check_teacher_accuracy() const {
  const double found = trainer_->teacher_evaluation()->top1;
  context_.log.info(fmt::format("stage {}: teacher {} has a test accuracy of {:.2f}%", graph_.stage,
                                graph_.teacher->spec.model.use.value, 100.0 * found));
  if (!graph_.teacher->spec.expect_accuracy) return;
  const auto& [expected, origin] = *graph_.teacher->spec.expect_accuracy;
  if (std::abs(found - expected) <= graph_.teacher->spec.accuracy_tolerance) return;
  config::reject(origin,
                 fmt::format("teacher.expect_accuracy is {:.4f}, but the teacher reaches {:.4f} on the test split "
                             "(tolerance {:g}): are its weights, its normalisation and the data set those you mean?",
                             expected, found, graph_.teacher->spec.accuracy_tolerance));
}

void StageRun::work(const std::function<void()>& work) {
  working_since_ = std::chrono::steady_clock::now();
  try {
    work();
  } catch (const engine::Diverged& error) {
    throw engine::Diverged(error.what() + save_diverged());
  } catch (const engine::TeacherChanged&) {
    context_.metrics.set_teacher_changed(true);
    throw;
  }
  earlier_seconds_ = seconds();
  working_since_.reset();
}

void StageRun::begin() {
  context_.metrics.set_state(metrics::RunState::Training);
  context_.log.info(fmt::format("stage {}: trains {} for {} epochs", graph_.stage, graph_.student.spec.model.use.value,
                                graph_.training.epochs));
  if (!graph_.teacher) return;
  evaluating();
  work([this] { trainer_->evaluate_teacher(); });
  check_teacher_accuracy();
  context_.metrics.set_state(metrics::RunState::Training);
}

bool StageRun::advance(const std::atomic<bool>& stop) {
  bool more = false;
  work([&] {
    if (trainer_->finished()) {
      result_ = trainer_->finish();
    } else if (stop) {
      result_ = trainer_->suspend();
    } else {
      trainer_->advance();
      more = true;
    }
  });
  return more;
}

std::optional<StageOutcome> StageRun::end() {
  context_.progress.finish();
  if (!result_.finished) return std::nullopt;
  save_student(context_.directory.student(graph_.stage), result_.last.top1);
  save_calibration(result_.last);
  const StageOutcome done = outcome(result_);
  files::write_file(context_.directory.result(graph_.stage), to_json(done).dump(2) + "\n");
  context_.log.info(fmt::format("stage {}: {} has a test accuracy of {:.2f}% after {:.1f} s", done.stage, done.student,
                                100.0 * done.top1, done.seconds));
  if (done.logit_cache) {
    context_.log.info(
        fmt::format("stage {}: {:.1f}% of the teacher's work was spared: the cache had the logits of {} of {} "
                    "samples",
                    done.stage, 100.0 * done.logit_cache->spared(), done.logit_cache->hits,
                    done.logit_cache->hits + done.logit_cache->misses));
  }
  return done;
}

double StageRun::seconds() const {
  if (!working_since_) return earlier_seconds_;
  return earlier_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - *working_since_).count();
}

StageOutcome StageRun::outcome(const engine::StageResult& result) const {
  StageOutcome outcome{.stage = graph_.stage,
                       .student = graph_.student.spec.model.use.value,
                       .top1 = result.last.top1,
                       .top5 = result.last.top5,
                       .best_top1 = result.best_top1,
                       .agreement = result.last.agreement,
                       .steps = trainer_->position().step,
                       .seconds = seconds(),
                       .measures = result.last.measures,
                       .comparison = result.last.comparison};
  if (logit_cache_) outcome.logit_cache = logit_cache_->counts();
  if (graph_.teacher) {
    outcome.teacher_top1 = trainer_->teacher_evaluation()->top1;
    outcome.teacher_measures = trainer_->teacher_evaluation()->measures;
    outcome.teacher_hash = weights::state_hash(*graph_.teacher->model);
  }
  return outcome;
}

void StageRun::save_calibration(const engine::Evaluation& student) const {
  nlohmann::ordered_json json{{"student", to_json(student.calibration)}};
  if (const auto& teacher = trainer_->teacher_evaluation()) json["teacher"] = to_json(teacher->calibration);
  files::write_file(context_.directory.calibration(graph_.stage), json.dump() + "\n");
}

std::string StageRun::save_diverged() const {
  const std::filesystem::path file = context_.directory.diverged(graph_.stage);
  try {
    std::filesystem::create_directories(file.parent_path());
    weights::save_tensors(file, trainer_->snapshot());
  } catch (const std::exception& error) {
    return std::string("; its state could not be saved: ") + error.what();
  }
  return "; its state is in " + file.string() + ", the checkpoints are from before";
}

void StageRun::read(const engine::Reading& reading) {
  if (reading.skipped > 0) {
    context_.log.warn(fmt::format("stage {}: of the steps up to {}, {} were not finite and left out", graph_.stage,
                                  reading.position.step, reading.skipped));
  }
  recorder_.record(step_report(graph_, reading));
}

void StageRun::evaluating() {
  context_.metrics.set_state(metrics::RunState::Evaluating);
}

void StageRun::evaluated(const engine::Position& position, const engine::Evaluation& evaluation) {
  context_.metrics.set_state(metrics::RunState::Training);
  const auto& teacher = trainer_->teacher_evaluation();
  evaluated_ = {position.step, evaluation.top1};
  recorder_.record(evaluation_report(position, evaluation, teacher ? &*teacher : nullptr));
  if (evaluation.top1 <= best_top1_) return;
  best_top1_ = evaluation.top1;
  save_student(context_.directory.best_student(graph_.stage), evaluation.top1);
}

void StageRun::save_point(const engine::Position& position, bool stopping) {
  if (!stopping) recorder_.epoch_completed();
  const bool due = position.epoch % context_.spec.checkpoint_every == 0 || position.epoch == graph_.training.epochs;
  if (due || stopping) save_checkpoint(position);
}

void StageRun::save_checkpoint(const engine::Position& position) {
  const double before = unix_time();
  weights::TensorFile state = trainer_->snapshot();
  state.metadata["seconds"] = to_toml(seconds());
  try {
    context_.history.sync();
    const bool evaluated = evaluated_ && evaluated_->first == position.step;
    context_.checkpoints.save(state, evaluated ? std::optional(evaluated_->second) : std::nullopt);
  } catch (const std::exception&) {
    context_.metrics.checkpoint_failed();
    throw;
  }
  context_.metrics.checkpoint_saved(unix_time(), unix_time() - before);
}

void StageRun::save_student(const std::filesystem::path& path, double top1) const {
  std::filesystem::create_directories(path.parent_path());
  const config::ComponentSpec& model = graph_.student.spec.model;
  weights::save_tensors(path, {weights::state_dict(*graph_.student.model),
                               {{"model", model.use.value},
                                {"params", to_toml(model.params)},
                                {"stage", graph_.stage},
                                {"top1", to_toml(top1)}}});
}

}  // namespace retort::run
