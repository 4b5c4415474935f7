#pragma once

#include "metrics/run_metrics.hpp"
#include "metrics/stage_metrics.hpp"

namespace retort::metrics {

inline StepReport sample_step_report() {
  StepReport report;
  report.time = 1'700'000'000.5;
  report.step = 200;
  report.epoch = 2;
  report.epoch_done = 0.5;
  report.samples = 256;
  StepTiming timing{0.25, {}};
  timing[Phase::Data] = 0.125;
  timing[Phase::Backward] = 0.0625;
  report.steps = {timing, {0.75, {}}};
  report.scores = {1.5, {{"label", 2.0}, {"soft", 0.5}}, {{1, 0.5}, {5, 0.75}}, 0.25};
  report.weights = {{"label", 0.1}, {"soft", 0.9}};
  report.parameters = {{"soft", "temperature", 4.0}};
  report.learning_rate = 0.05;
  report.gradient_norm = 3.5;
  report.nonfinite_losses = 1;
  report.component_values = {{"loss.soft", "entropy", 0.125}};
  report.eta_seconds = 3723;
  const std::string projector = "loss.hint.student.projector";
  report.diagnostics = {
      {Metric::TermGradientNorm, {"soft"}, "gradient_norm.soft", 2.5},
      {Metric::GradientCosine, {"label", "soft"}, "gradient_cosine.label.soft", -0.5},
      {Metric::ProjectorSingularValue, {projector, "map", "max"}, projector + ".map.singular_value_max", 1.5},
      {Metric::ProjectorEffectiveRank, {projector, "map"}, projector + ".map.effective_rank", 7.5},
      {Metric::ProjectorFeatureCorrelation, {projector, "input"}, projector + ".correlation.input", 0.25},
      {Metric::ProjectorRelationNorm, {projector, "self"}, projector + ".relation.self", 3.25}};
  return report;
}

inline EvaluationReport sample_evaluation_report() {
  return {1'700'000'060,
          200,
          2,
          "test",
          {1.25, {{"label", 1.75}}, {{1, 0.625}}, 0.375},
          {{Metric::ExpectedCalibrationError, {"test", "student"}, "expected_calibration_error", 0.0625},
           {Metric::PredictiveEntropy, {"test", "student"}, "entropy", 0.5},
           {Metric::TopLogitDifference, {"test", "student"}, "top_logit_difference", 2.25},
           {Metric::LogitNorm, {"test", "student"}, "logit_norm", 6.5},
           {Metric::PenultimateNorm, {"test", "teacher"}, "teacher.penultimate_norm", 8.5},
           {Metric::LogitDistance, {"test"}, "logit_distance", 4.75},
           {Metric::OutcomeRatio, {"test", "right", "wrong"}, "student_right_teacher_wrong", 0.125}}};
}

// A store in which every metric of the catalogue has a value.
inline void feed_everything(MetricStore& store) {
  RunMetrics run(store, {"1.0.0", "abc123", "2.11.0"}, {"2026-01-01-a", "wrn/kl", "cuda:0"});
  run.add_plugin("loss", "kl_divergence", "1.0.0");
  run.set_model_parameters("student", 703'284);
  run.set_classes("main", 100);
  run.set_state(RunState::Training);
  run.checkpoint_saved(1'700'000'100, 0.3);
  StageMetrics stage(store, "main", 240);
  StepReport report = sample_step_report();
  report.logit_cache = CacheUse{3, 1};
  stage.record(report);
  stage.record(sample_evaluation_report());
  stage.epoch_completed();
}

}  // namespace retort::metrics
