#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "metrics/history.hpp"
#include "metrics/progress.hpp"
#include "metrics/stage_metrics.hpp"

namespace retort::metrics {

// Where a run's reports go besides the store; both may be absent.
struct Outputs {
  HistoryWriter* history = nullptr;
  ProgressLine* progress = nullptr;
};

// The one thing the engine talks to while it trains a stage: every report reaches the Prometheus store, metrics.jsonl
// and the progress line. All of them must outlive it. Writing the history throws std::system_error. [step thread]
class StageRecorder {
 public:
  StageRecorder(MetricStore& store, Outputs outputs, std::string stage, std::int64_t epochs);

  void record(const StepReport& report);
  void record(const EvaluationReport& report);
  // Once an epoch, when its last report and the evaluation that may follow it have been recorded.
  void epoch_completed();

 private:
  StageMetrics metrics_;
  const Outputs outputs_;
  const std::string stage_;
  Progress progress_;
  bool evaluated_ = false;
};

}  // namespace retort::metrics
