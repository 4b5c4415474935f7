#pragma once

#include <cstddef>
#include <vector>

#include "plan.hpp"

namespace retort::study {

// The members that can run side by side and share batches and teacher: those that have the same teachers and differ in
// nothing but their terms (losses, weights, projectors, normalizations) and the seed of the student. Positions in the
// plan, each once, in its order; a member that is like no other is alone.
std::vector<std::vector<std::size_t>> companions(const StudyPlan& plan);

}  // namespace retort::study
