#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan.hpp"
#include "run_command.hpp"

namespace retort::study {

// What one kind of stage costs: all stages with the same data set, models, losses and batch size.
struct StageCost {
  std::string label;  // "resnet20 -> resnet8 on cifar10"
  double step_seconds = 0.0;
  std::int64_t train_images = 0;
  std::string problem;  // why it could not be measured
};

// How long runs will take, by the time of a few steps. Evaluations and the start of processes are not in it.
struct Estimate {
  std::vector<StageCost> costs;
  std::size_t runs = 0;
  std::int64_t steps = 0;
  double seconds = 0.0;  // with the command's number of jobs; each was measured alone
  bool complete = true;  // false: some kinds could not be measured, and are not in the sums
};

// Measures one stage of each kind by `retort bench`, in a temporary folder.
Estimate estimate(const std::vector<const PlannedRun*>& runs, const RunCommand& command);

// "about 12 min for 8 runs (48,000 steps) ..."
std::string to_text(const Estimate& estimate, int jobs);

}  // namespace retort::study
