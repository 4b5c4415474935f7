#pragma once

#include <optional>
#include <vector>

#include "study_spec.hpp"

namespace retort::study {

// The key that an axis or a sampled value sets. Reports, as a problem of `where` ("study.axes"), what is no path, leads
// into no table of an experiment, or is the study's own to set.
std::optional<Target> read_target(const config::Node::Entry& entry, const std::string& where,
                                  config::Diagnostics& diagnostics);

// Gives every target the shortest label that tells it from the others.
void label_targets(const std::vector<Target*>& targets);

}  // namespace retort::study
