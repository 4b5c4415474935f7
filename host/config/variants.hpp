#pragma once

#include <string>
#include <vector>

#include "keys.hpp"
#include "node.hpp"

namespace retort::config {

// The value of `use` in a table with variants (the first variant's when it is absent or no known one). Reports keys
// that belong to another variant. `table` may be nullptr.
const Variant& read_variant(const Node* table, const std::vector<Variant>& variants, const std::string& key,
                            Diagnostics& diagnostics);

}  // namespace retort::config
