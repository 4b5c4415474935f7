#pragma once

#include <vector>

// Labels and boxes that may not touch, as near as that allows to where they want to be.
namespace retort::report {

// The places x with the least sum of (x - wanted)^2 that keep the order of `wanted` and x[i + 1] - x[i] >=
// distances[i]. There is a distance less than there are places.
std::vector<double> separated(const std::vector<double>& wanted, const std::vector<double>& distances);

// The same for labels in any order that are to be `distance` apart, between `low` and `high` when all of them fit. In
// the order of `wanted`.
std::vector<double> spread(const std::vector<double>& wanted, double distance, double low, double high);

}  // namespace retort::report
