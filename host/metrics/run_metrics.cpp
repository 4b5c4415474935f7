#include "metrics/run_metrics.hpp"

#include <array>

namespace retort::metrics {
namespace {

constexpr std::array<const char*, 6> kStateNames = {"starting", "training", "evaluating",
                                                    "finished", "failed",   "stopped"};  // by RunState

}  // namespace

RunMetrics::RunMetrics(MetricStore& store, const BuildInfo& build, const RunInfo& run)
    : store_(store),
      teacher_changed_(store.gauge(Metric::TeacherChanged)),
      checkpoints_saved_(store.counter(Metric::Checkpoints, {"saved"})),
      checkpoints_failed_(store.counter(Metric::Checkpoints, {"failed"})),
      checkpoint_duration_(store.histogram(Metric::CheckpointDuration)) {
  store.gauge(Metric::BuildInfo, {build.version, build.git_revision, build.torch_version}).set(1);
  store.gauge(Metric::RunInfo, {run.run_id, run.experiment, run.device}).set(1);
  for (const char* state : kStateNames) states_.push_back(store.gauge(Metric::RunState, {state}));
  set_state(RunState::Starting);
}

void RunMetrics::add_plugin(const std::string& kind, const std::string& name, const std::string& version) {
  store_.gauge(Metric::PluginInfo, {kind, name, version}).set(1);
}

void RunMetrics::set_model_parameters(const std::string& model, std::int64_t count) {
  store_.gauge(Metric::ModelParameters, {model}).set(static_cast<double>(count));
}

void RunMetrics::set_classes(const std::string& stage, std::int64_t count) {
  store_.gauge(Metric::Classes, {stage}).set(static_cast<double>(count));
}

void RunMetrics::set_state(RunState state) const {
  for (std::size_t i = 0; i < states_.size(); ++i) states_[i].set(i == static_cast<std::size_t>(state) ? 1 : 0);
}

void RunMetrics::set_teacher_changed(bool changed) const {
  teacher_changed_.set(changed ? 1 : 0);
}

void RunMetrics::checkpoint_saved(double time, double seconds) {
  checkpoints_saved_.add();
  checkpoint_duration_.observe(seconds);
  store_.gauge(Metric::LastCheckpointTimestamp).set(time);
}

void RunMetrics::checkpoint_failed() const {
  checkpoints_failed_.add();
}

}  // namespace retort::metrics
