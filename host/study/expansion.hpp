#pragma once

#include <filesystem>

#include "member.hpp"
#include "member_problems.hpp"

namespace retort::study {

// Every member: each variant with each combination of the axes' values with each sample, in this order, the last axis
// changing fastest. Onto `document` are laid the variant (what it unsets first), the axes, the sample. `directory` is
// the folder of all runs. What does not fit a member is added to `problems`; `diagnostics` takes what is wrong with the
// sample itself.
std::vector<Member> expand(const StudySpec& spec, const config::Node& document, const std::filesystem::path& directory,
                           MemberProblems& problems, config::Diagnostics& diagnostics);

}  // namespace retort::study
