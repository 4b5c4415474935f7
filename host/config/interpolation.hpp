#pragma once

#include <optional>
#include <string>

#include "node.hpp"

namespace retort::config {

// Replaces ${env:NAME} and ${env:NAME:-default} in every string of `node`. The default stands in for a variable that is
// unset or empty; an unset variable without one is reported, as is any other ${...}. Node::written() keeps the text
// with its references.
void interpolate(Node& node, Diagnostics& diagnostics);

// The same for one text; nothing when a problem was reported.
std::optional<std::string> interpolated(const std::string& text, const Origin& origin, Diagnostics& diagnostics);

}  // namespace retort::config
