#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace retort::inspect {

// Which quantiles a distribution states.
inline constexpr std::array kQuantiles = {0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0};

// How a value is spread over the samples.
struct Distribution {
  double mean = 0.0;
  double deviation = 0.0;                             // of the whole: divided by n
  std::array<double, kQuantiles.size()> quantiles{};  // interpolated linearly between neighbours
  std::vector<double> edges;                          // of equal bins from the least value to the largest
  std::vector<std::int64_t> counts;                   // one fewer; a bin holds its lower edge, the last one both
};

// Of at least one value, all finite; bins >= 1. Values that are all alike lie in the middle of bins that span 1.
Distribution distribution(std::vector<double> values, std::int64_t bins);

}  // namespace retort::inspect
