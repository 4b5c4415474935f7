#pragma once

#include <string>

#include "plan.hpp"
#include "record.hpp"

namespace retort::study {

// A table of all runs: name, what it sets, its teacher, where it stands.
std::string plan_text(const StudyPlan& plan, const StudyProgress& progress);

// What the runs came to: accuracies by member, then what failed, why, and where its log is.
std::string outcome_text(const StudyPlan& plan, const StudyProgress& progress);

}  // namespace retort::study
