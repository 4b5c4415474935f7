#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "node.hpp"

namespace retort::config {

// Parses TOML into a table in the order of the text. `source` names the text in every origin. Reports syntax errors and
// what an experiment cannot hold (dates, NaN, empty keys, nesting deeper than kDeepestNesting); what could
// not be read is left out.
Node read_toml(std::string_view text, const std::string& source, Diagnostics& diagnostics);

// One value, as after a `--set key=`: TOML, or else plain words, which need no quotes. Its origin, and that of
// everything in it, is `origin`. Reports and returns nothing when `text` begins like TOML and is none.
std::optional<Node> read_value(std::string_view text, const Origin& origin, Diagnostics& diagnostics);

}  // namespace retort::config
