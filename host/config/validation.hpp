#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <retort/param.hpp>

#include "node.hpp"

namespace retort::config {

// Where the value (or, with `on_key`, the key) at a path as retort::validate() writes it stands: "hidden[2].width".
// What does not exist has the place of the table or list that it is missing from; `root_origin` stands for `root`
// itself.
Origin locate(const Node& root, std::string_view path, bool on_key, const Origin& root_origin);

// Validates a table; each problem is reported where its key or value stands. `prefix` is the table's own key.
void check_table(const std::vector<ParamSpec>& specs, const Node& table, const std::string& prefix,
                 Diagnostics& diagnostics);

// The items of a list of strings, or the one string that stands for such a list; reports anything else. The pointers
// are into `node`.
std::vector<const Node*> string_items(const Node& node, const std::string& key, const std::string& meaning,
                                      Diagnostics& diagnostics);

// "a string: "x"", "a table": what a message says was found.
std::string found_text(const Node& node);

}  // namespace retort::config
