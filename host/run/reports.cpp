#include "reports.hpp"

#include <chrono>
#include <cmath>

#include "diagnosis_report.hpp"
#include "measure_report.hpp"

namespace retort::run {

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

metrics::StepReport step_report(const graph::TrainingGraph& graph, const engine::Reading& reading) {
  const auto& [epoch, batch, step] = reading.position;
  metrics::StepReport report{
      .time = unix_time(),
      .step = step,
      .epoch = epoch + 1,
      .epoch_done = static_cast<double>(batch) / static_cast<double>(reading.batches_per_epoch),
      .samples = reading.samples,
      .learning_rate = reading.learning_rate,
      .gradient_norm = reading.gradient_norm,
      .nonfinite_losses = reading.skipped > 0 || std::isfinite(reading.recent.loss) ? reading.skipped : 1,
      .skipped_steps = reading.skipped,
  };
  double seconds = 0.0;
  for (const engine::StepTime& time : reading.steps) {
    metrics::StepTiming timing{.seconds = time.seconds};
    for (std::size_t i = 0; i < time.phases.size(); ++i) timing.phases[i] = time.phases[i];
    report.steps.push_back(timing);
    seconds += time.seconds;
  }
  if (!reading.steps.empty()) {
    const double a_step = seconds / static_cast<double>(reading.steps.size());
    report.eta_seconds = a_step * static_cast<double>(reading.total_steps - step);
  }
  report.scores.loss = reading.recent.loss;
  for (std::size_t i = 0; i < graph.terms.size(); ++i) {
    report.scores.terms.push_back({graph.terms[i].name, reading.recent.terms[i]});
    report.weights.push_back({graph.terms[i].name, reading.weights[i]});
  }
  for (const auto& [term, parameter, value] : reading.parameters) {
    report.parameters.push_back({graph.terms[term].name, parameter, value});
  }
  if (reading.logit_cache)
    report.logit_cache = metrics::CacheUse{reading.logit_cache->hits, reading.logit_cache->misses};
  if (reading.diagnosis) report.diagnostics = diagnosis_report(graph, *reading.diagnosis);
  if (reading.recent.accuracy) report.scores.accuracy[1] = *reading.recent.accuracy;
  for (const auto& [key, value] : reading.reported) report.component_values.push_back({key.first, key.second, value});
  return report;
}

metrics::EvaluationReport evaluation_report(const engine::Position& position, const engine::Evaluation& evaluation,
                                            const engine::Evaluation* teacher) {
  return {.time = unix_time(),
          .step = position.step,
          .epoch = std::max<std::int64_t>(position.epoch, 1),
          .split = "test",
          .scores = {.loss = evaluation.loss,
                     .accuracy = {{1, evaluation.top1}, {5, evaluation.top5}},
                     .teacher_agreement = evaluation.agreement},
          .measures = measure_report("test", evaluation, teacher)};
}

}  // namespace retort::run
