#pragma once

#include <string>
#include <vector>

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

}  // namespace retort::config
