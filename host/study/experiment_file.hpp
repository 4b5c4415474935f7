#pragma once

#include <filesystem>

#include "config/node.hpp"

namespace retort::study {

// An experiment that was written whole, into the folder of a run. References to the environment stay as they are
// written, so that it can be read where the variables are not set. Throws config::Rejected when it cannot be read.
config::Node read_experiment_file(const std::filesystem::path& file);

}  // namespace retort::study
