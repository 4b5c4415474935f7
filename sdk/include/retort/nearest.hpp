#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <retort/export.hpp>

namespace retort {

// The candidate that `word` most likely misspells (Damerau-Levenshtein distance of at most a third of its length,
// and at least one edit), or "" when none is near.
RETORT_API std::string nearest(std::string_view word, std::span<const std::string> candidates);

// "; did you mean 'temperature'?" or "" — the end of every message about an unknown name.
RETORT_API std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

// "a, b, c" for messages that list what would have been accepted.
RETORT_API std::string join(std::span<const std::string> names, std::string_view separator = ", ");

}  // namespace retort
