#pragma once

#include <string>

#include "node.hpp"

namespace retort::config {

struct TomlStyle {
  bool origins = false;  // a comment behind every value says where it was written
  // Strings that came from ${env:NAME} with their values; otherwise, for the sake of secrets, the reference is printed.
  bool values = false;
};

// A table as TOML text: nested tables as [a.b] sections, tables in lists inline. Reading the text gives the same table.
std::string toml_text(const Node& document, const TomlStyle& style = {});

}  // namespace retort::config
