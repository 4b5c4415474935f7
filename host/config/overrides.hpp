#pragma once

#include <string>
#include <vector>

#include "key_path.hpp"
#include "node.hpp"

namespace retort::config {

// What the command line changes in an experiment, in the order given.
struct Overrides {
  std::vector<std::string> set;    // key.path=value
  std::vector<std::string> unset;  // key.path
  std::string option = "--set";    // the option that `set` came from: "--set #2" is the origin of the second value
};

// Drops the keys of `unset` (reported as "--unset #1", ...), then writes the values of `set`. Missing tables on the way
// to a key are made; a table that is set replaces the one that is there. An index must name an item that exists.
void apply_overrides(Node& document, const Overrides& overrides, Diagnostics& diagnostics);

// Writes one value, as `set` does; `origin` is that of the key and of tables that are made. Throws Error when something
// on the way is no table or list, or an index names no item.
void write_value(Node& document, const KeyPath& path, Node value, const Origin& origin);

}  // namespace retort::config
