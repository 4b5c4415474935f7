#pragma once

#include <string>
#include <vector>

#include "run_data.hpp"

namespace retort::report {

// Throughput over the steps; how long steps took and what they spent it on, which is known when a sitting has ended.
std::vector<std::string> speed_figures(const RunData& run, const StageData& stage);

// "6.7 ms", "1.2 s"
std::string short_time(double seconds);

}  // namespace retort::report
