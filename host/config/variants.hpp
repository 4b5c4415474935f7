#pragma once

#include <string>
#include <vector>

#include "keys.hpp"
#include "node.hpp"

namespace retort::config {

// The variant that `selector` names in a table with variants (the first one when it is absent or names none). Reports
// keys that belong to another variant. `table` may be nullptr.
const Variant& read_variant(const Node* table, const std::vector<Variant>& variants, const std::string& key,
                            Diagnostics& diagnostics, const char* selector = "use");

}  // namespace retort::config
