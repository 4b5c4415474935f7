#pragma once

#include "engine/trainer.hpp"
#include "metrics/report.hpp"

// From what the trainer tells to what the metrics take.
namespace retort::run {

metrics::StepReport step_report(const graph::TrainingGraph& graph, const engine::Reading& reading);
// `teacher` may be null.
metrics::EvaluationReport evaluation_report(const engine::Position& position, const engine::Evaluation& evaluation,
                                            const engine::Evaluation* teacher);

// Seconds since 1970.
double unix_time();

}  // namespace retort::run
