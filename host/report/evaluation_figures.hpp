#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run_data.hpp"

// How a stage's student does on the test split, beside its teacher.
namespace retort::report {

// A measure of the last evaluation by its name in metrics.jsonl ("accuracy.top1", "teacher.entropy"); from the stage's
// result when the history lacks it. Nothing when neither has it.
std::optional<double> last_measure(const StageData& stage, const std::string& name);
// The teacher's accuracy on the test split.
std::optional<double> teacher_accuracy(const StageData& stage);

// Student and teacher at the last evaluation; "" without one.
std::string last_evaluation(const StageData& stage);
// Accuracies and cross-entropy over the steps.
std::vector<std::string> accuracy_figures(const StageHistory& history);
// Who is right, the reliability diagram, and what else was measured at each evaluation.
std::vector<std::string> comparison_figures(const StageData& stage);

}  // namespace retort::report
