#pragma once

#include <string>
#include <vector>

#include "study_data.hpp"

namespace retort::report {

// The groups' results: each seed, the mean and its interval. "" before a run is finished.
std::string comparison_figure(const StudyData& study);

// The finished runs' last stages over the epochs: for each group the mean of its seeds, and what they span.
struct GroupCurves {
  std::vector<std::string> figures;          // all groups in each
  std::vector<std::string> small_multiples;  // one group in each, when there are many
};
GroupCurves group_curves(const StudyData& study);

// The mean of lines where all of them have a finite value, with what they span around it.
Series mean_of(const std::vector<Series>& lines, const std::string& name);

}  // namespace retort::report
