#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/report.hpp"
#include "metrics/store.hpp"

namespace retort::metrics {

// The series that one stage feeds, each looked up once. The store must outlive it. [step thread]
class StageMetrics {
 public:
  StageMetrics(MetricStore& store, std::string stage, std::int64_t epochs);

  void record(const StepReport& report);
  void record(const EvaluationReport& report);
  void epoch_completed();

 private:
  struct SplitSeries {
    std::optional<GaugeSeries> loss;
    std::map<std::string, GaugeSeries> terms;
    std::map<int, GaugeSeries> accuracy;
    std::optional<GaugeSeries> teacher_agreement;
  };

  void record(const std::string& split, const Scores& scores);
  void record(const StepTiming& timing);
  void set(const SeriesValue& value);

  MetricStore& store_;
  const std::string stage_;
  CounterSeries steps_;
  CounterSeries samples_;
  CounterSeries epochs_completed_;
  CounterSeries nonfinite_losses_;
  CounterSeries skipped_steps_;
  CounterSeries data_wait_;
  GaugeSeries step_;
  GaugeSeries epoch_;
  GaugeSeries learning_rate_;
  GaugeSeries images_per_second_;
  HistogramSeries step_duration_;
  std::vector<HistogramSeries> phase_durations_;  // by Phase
  std::map<std::string, SplitSeries> splits_;
  std::map<std::string, GaugeSeries> weights_;
  std::map<std::pair<std::string, std::string>, GaugeSeries> parameters_;  // by term and parameter
};

}  // namespace retort::metrics
