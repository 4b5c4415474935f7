#pragma once

#include <string>

#include "node.hpp"

namespace retort::config {

// Lays `over` onto `base`: tables merge key by key, everything else (lists too) replaces what was there. Keys keep the
// place that they have in `base`; new ones follow. Origins are those of the text that wins.
Node merge(Node base, Node over);

// Drops the key at `path` from `document`. Reports at `origin` a path that is malformed or leads nowhere, with the
// nearest key.
void unset(Node& document, const std::string& path, const Origin& origin, Diagnostics& diagnostics);

// Takes the key `unset` out of `over` (a string or a list of strings) and drops what it names from `base`.
void apply_unset(Node& base, Node& over, Diagnostics& diagnostics);

// The keys of a table, for messages that name the nearest.
std::vector<std::string> key_names(const Node& table);

}  // namespace retort::config
