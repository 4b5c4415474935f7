#pragma once

#include <vector>

#include "engine/diagnostics/diagnosis.hpp"
#include "metrics/report.hpp"

namespace retort::run {

// In metrics.jsonl: gradient_norm.<term>, gradient_cosine.<term>.<other>, and for each projector (by its place,
// "loss.hint.student.projector") <projector>.<weight>.{singular_value_max,singular_value_min,effective_rank},
// <projector>.correlation.{input,output} and <projector>.relation.{self,cross,residual}.
std::vector<metrics::SeriesValue> diagnosis_report(const graph::TrainingGraph& graph,
                                                   const engine::Diagnosis& diagnosis);

}  // namespace retort::run
