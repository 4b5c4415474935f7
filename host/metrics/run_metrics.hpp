#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/store.hpp"

namespace retort::metrics {

enum class RunState { Starting, Training, Evaluating, Finished, Failed, Stopped };

struct BuildInfo {
  std::string version;
  std::string git_revision;
  std::string torch_version;
};

struct RunInfo {
  std::string run_id;
  std::string experiment;
  std::string device;
};

// What concerns the run as a whole. The store must outlive it. [any thread]
class RunMetrics {
 public:
  // The run is Starting; the teacher counts as unchanged.
  RunMetrics(MetricStore& store, const BuildInfo& build, const RunInfo& run);

  void add_plugin(const std::string& kind, const std::string& name, const std::string& version);
  void set_model_parameters(const std::string& model, std::int64_t count);
  void set_classes(const std::string& stage, std::int64_t count);
  void set_state(RunState state) const;
  void set_teacher_changed(bool changed) const;
  // `time`: Unix seconds at which it was complete; `seconds`: how long the writing took.
  void checkpoint_saved(double time, double seconds);
  void checkpoint_failed() const;

 private:
  MetricStore& store_;
  std::vector<GaugeSeries> states_;  // by RunState
  GaugeSeries teacher_changed_;
  CounterSeries checkpoints_saved_;
  CounterSeries checkpoints_failed_;
  HistogramSeries checkpoint_duration_;
};

}  // namespace retort::metrics
