#pragma once

#include <string>
#include <vector>

#include "study_spec.hpp"

namespace retort::study {

// `sample.count` combinations of values, no two alike, in the order of `sample.keys`. The same everywhere for the same
// seed; what is drawn for a key depends on its path and on no other key. Reports at the sample when its distributions
// do not have that many combinations (or so nearly that they are not found).
std::vector<std::vector<config::Node>> draw(const Sample& sample, config::Diagnostics& diagnostics);

}  // namespace retort::study
