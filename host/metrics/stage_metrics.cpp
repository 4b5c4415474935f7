#include "metrics/stage_metrics.hpp"

#include <utility>

namespace retort::metrics {
namespace {

// The series at `key`, looked up by `find` when it is first needed.
template <class Key, class Find>
GaugeSeries& cached(std::map<Key, GaugeSeries>& series, const Key& key, Find find) {
  const auto found = series.find(key);
  return found != series.end() ? found->second : series.emplace(key, find()).first->second;
}

}  // namespace

double StepReport::images_per_second() const {
  double seconds = 0.0;
  for (const StepTiming& timing : steps) seconds += timing.seconds;
  return seconds > 0.0 ? static_cast<double>(samples) / seconds : 0.0;
}

StageMetrics::StageMetrics(MetricStore& store, std::string stage, std::int64_t epochs)
    : store_(store),
      stage_(std::move(stage)),
      steps_(store.counter(Metric::TrainSteps, {stage_})),
      samples_(store.counter(Metric::TrainSamples, {stage_})),
      epochs_completed_(store.counter(Metric::EpochsCompleted, {stage_})),
      nonfinite_losses_(store.counter(Metric::NonfiniteLoss, {stage_})),
      skipped_steps_(store.counter(Metric::SkippedSteps, {stage_})),
      data_wait_(store.counter(Metric::DataWaitSeconds, {stage_})),
      step_(store.gauge(Metric::Step, {stage_})),
      epoch_(store.gauge(Metric::Epoch, {stage_})),
      learning_rate_(store.gauge(Metric::LearningRate, {stage_})),
      images_per_second_(store.gauge(Metric::ImagesPerSecond, {stage_})),
      step_duration_(store.histogram(Metric::StepDuration, {stage_})) {
  store.gauge(Metric::EpochTarget, {stage_}).set(static_cast<double>(epochs));
  for (const char* phase : kPhaseNames) {
    phase_durations_.push_back(store.histogram(Metric::PhaseDuration, {stage_, phase}));
  }
}

void StageMetrics::record(const StepReport& report) {
  store_.gauge(Metric::LastStepTimestamp).set(report.time);
  step_.set(static_cast<double>(report.step));
  epoch_.set(static_cast<double>(report.epoch));
  steps_.add(static_cast<double>(report.steps.size()));
  samples_.add(static_cast<double>(report.samples));
  nonfinite_losses_.add(static_cast<double>(report.nonfinite_losses));
  skipped_steps_.add(static_cast<double>(report.skipped_steps));
  learning_rate_.set(report.learning_rate);
  images_per_second_.set(report.images_per_second());
  if (report.gradient_norm) store_.gauge(Metric::GradientNorm, {stage_}).set(*report.gradient_norm);
  if (report.eta_seconds) store_.gauge(Metric::EtaSeconds).set(*report.eta_seconds);
  for (const StepTiming& timing : report.steps) record(timing);
  for (const auto& [term, weight] : report.weights) {
    cached(weights_, term, [&] { return store_.gauge(Metric::LossTermWeight, {stage_, term}); }).set(weight);
  }
  for (const auto& [term, parameter, value] : report.parameters) {
    cached(parameters_, {term, parameter}, [&] {
      return store_.gauge(Metric::LossParameter, {stage_, term, parameter});
    }).set(value);
  }
  for (const auto& [component, name, value] : report.component_values) {
    store_.set_component_value(component, name, value);
  }
  if (report.logit_cache) {
    store_.counter(Metric::LogitCacheHits, {stage_}).add(static_cast<double>(report.logit_cache->hits));
    store_.counter(Metric::LogitCacheMisses, {stage_}).add(static_cast<double>(report.logit_cache->misses));
  }
  for (const SeriesValue& diagnostic : report.diagnostics) set(diagnostic);
  record("train", report.scores);
}

void StageMetrics::record(const EvaluationReport& report) {
  record(report.split, report.scores);
  for (const SeriesValue& measure : report.measures) set(measure);
}

void StageMetrics::set(const SeriesValue& value) {
  std::vector<std::string> labels{stage_};
  labels.insert(labels.end(), value.labels.begin(), value.labels.end());
  store_.gauge(value.metric, labels).set(value.value);
}

void StageMetrics::epoch_completed() {
  epochs_completed_.add();
}

void StageMetrics::record(const StepTiming& timing) {
  step_duration_.observe(timing.seconds);
  for (std::size_t i = 0; i < timing.phases.size(); ++i) {
    if (timing.phases[i]) phase_durations_[i].observe(*timing.phases[i]);
  }
  if (const auto& data = timing.phases[static_cast<std::size_t>(Phase::Data)]) data_wait_.add(*data);
}

void StageMetrics::record(const std::string& split, const Scores& scores) {
  SplitSeries& series = splits_[split];
  if (!series.loss) series.loss = store_.gauge(Metric::Loss, {stage_, split});
  series.loss->set(scores.loss);
  for (const auto& [term, loss] : scores.terms) {
    cached(series.terms, term, [&] { return store_.gauge(Metric::LossTerm, {stage_, split, term}); }).set(loss);
  }
  for (const auto& [k, ratio] : scores.accuracy) {
    cached(series.accuracy, k, [&] {
      return store_.gauge(Metric::AccuracyRatio, {stage_, split, std::to_string(k)});
    }).set(ratio);
  }
  if (scores.teacher_agreement) {
    if (!series.teacher_agreement) {
      series.teacher_agreement = store_.gauge(Metric::TeacherAgreementRatio, {stage_, split});
    }
    series.teacher_agreement->set(*scores.teacher_agreement);
  }
}

}  // namespace retort::metrics
