#pragma once

#include <string>
#include <vector>

#include "stage_history.hpp"

// What the steps of a stage's training report, as figures. Each list holds those that there are values for.
namespace retort::report {

// The names of the terms, in their order.
std::vector<std::string> terms_of(const StageHistory& history);

// Objective, terms, their weights, parameters on a schedule, learning rate, skipped steps.
std::vector<std::string> objective_figures(const StageHistory& history);
// Norms of the gradients, and cosines between those of terms.
std::vector<std::string> gradient_figures(const StageHistory& history);
// Singular values, effective ranks, correlations and relations of projectors.
std::vector<std::string> projector_figures(const StageHistory& history);
// What components report by themselves.
std::vector<std::string> reported_figures(const StageHistory& history);

}  // namespace retort::report
