#pragma once

#include <optional>

#include "study_spec.hpp"

namespace retort::study {

// Reads the table [study] of a loaded document. Everything that is wrong with it is reported; then there is no result.
std::optional<StudySpec> read_study(const config::Node& document, config::Diagnostics& diagnostics);

}  // namespace retort::study
