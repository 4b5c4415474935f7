#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "comparison.hpp"
#include "text_table.hpp"

namespace retort::study {

// For people; ratios in percent, differences in points. Text and Markdown tell of runs that are not averaged, of what
// the runs differ in, and of teachers that were spared work; CSV has no place for it.
std::string to_text(const Comparison& comparison);
std::string to_markdown(const Comparison& comparison);

// What text and Markdown consist of: a row of heads and one for each group, and the sentences below them.
Rows comparison_rows(const Comparison& comparison);
std::vector<std::string> comparison_notes(const Comparison& comparison);

// For programs; numbers as they are. One line a group, the first one the heads (RFC 4180).
std::string to_csv(const Comparison& comparison);
nlohmann::ordered_json to_json(const Comparison& comparison);

}  // namespace retort::study
