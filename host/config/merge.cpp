#include "merge.hpp"

#include <retort/error.hpp>
#include <retort/nearest.hpp>
#include <retort/param.hpp>

#include "key_path.hpp"
#include "validation.hpp"

namespace retort::config {

Node merge(Node base, Node over) {
  if (!base.is_table() || !over.is_table()) return over;
  base.set_origin(over.origin());
  for (Node::Entry& entry : over.entries()) {
    if (Node* below = base.find(entry.key)) {
      base.set(entry.key, std::move(entry.key_origin), merge(std::move(*below), std::move(entry.value)));
    } else {
      base.entries().push_back(std::move(entry));
    }
  }
  return base;
}

std::vector<std::string> key_names(const Node& table) {
  std::vector<std::string> names;
  for (const Node::Entry& entry : table.entries()) names.push_back(entry.key);
  return names;
}

void unset(Node& document, const std::string& path, const Origin& origin, Diagnostics& diagnostics) {
  try {
    Node* table = &document;
    const KeyPath parts = parse_key_path(path);
    std::string where;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto* key = std::get_if<std::string>(&parts[i]);
      if (!key) return diagnostics.error(origin, "cannot unset " + path + ": an item of a list cannot be dropped");
      Node* const value = table->find(*key);
      if (!value) {
        const std::string hint = table->is_table() ? did_you_mean(*key, key_names(*table)) : "";
        return diagnostics.error(origin, "cannot unset " + path + ": there is no key '" + *key + "'" +
                                             (where.empty() ? "" : " in " + where) + hint);
      }
      if (i + 1 == parts.size()) {
        table->erase(*key);
      } else {
        table = value;
        where = join_key(where, *key);
      }
    }
  } catch (const Error& error) {
    diagnostics.error(origin, "cannot unset '" + path + "': " + error.what());
  }
}

void apply_unset(Node& base, Node& over, Diagnostics& diagnostics) {
  const Node* const found = over.find("unset");
  if (!found) return;
  const Node paths = *found;
  over.erase("unset");
  for (const Node* item : string_items(paths, "unset", "the key, or a list of the keys, to drop", diagnostics)) {
    unset(base, item->scalar().as<std::string>(), item->origin(), diagnostics);
  }
}

}  // namespace retort::config
