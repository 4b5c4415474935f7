#pragma once

#include <filesystem>
#include <string>

#include "study_data.hpp"

namespace retort::report {

// The page of a study, to lie in `folder`: links to the reports of runs that have one are relative to it. `title`: ""
// for the study's own name.
std::string study_page(const StudyData& study, const std::string& title, const std::filesystem::path& folder);

}  // namespace retort::report
