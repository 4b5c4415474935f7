#pragma once

#include <string>

#include "run_data.hpp"

namespace retort::report {

// The page of a run. `title`: "" for the run's own name.
std::string run_page(const RunData& run, const std::string& title);

}  // namespace retort::report
