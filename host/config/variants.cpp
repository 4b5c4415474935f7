#include "variants.hpp"

#include <algorithm>

#include <retort/nearest.hpp>

#include "key_path.hpp"
#include "table_view.hpp"

namespace retort::config {

const Variant& read_variant(const Node* table, const std::vector<Variant>& variants, const std::string& key,
                            Diagnostics& diagnostics, const char* selector) {
  const std::string use = TableView(table).get<std::string>(selector).value_or(variants.front().use);
  const auto found = std::find_if(variants.begin(), variants.end(), [&use](const Variant& v) { return v.use == use; });
  if (found == variants.end()) return variants.front();
  if (!table || !table->is_table()) return *found;
  for (const Node::Entry& entry : table->entries()) {
    std::vector<std::string> owners;
    bool accepted = false;
    for (const Variant& variant : variants) {
      if (std::find(variant.keys.begin(), variant.keys.end(), entry.key) == variant.keys.end()) continue;
      owners.push_back("\"" + variant.use + "\"");
      accepted = accepted || variant.use == use;
    }
    if (owners.empty() || accepted) continue;
    diagnostics.error(entry.key_origin, join_key(key, entry.key) + ": goes with " + selector + " = " +
                                            join(owners, " or ") + ", found with " + selector + " = \"" + use + "\"");
  }
  return *found;
}

}  // namespace retort::config
