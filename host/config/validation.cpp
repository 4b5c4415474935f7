#include "validation.hpp"

#include <charconv>

#include "key_path.hpp"

namespace retort::config {
namespace {

// The entry whose key begins `path`. Keys may contain dots, so the longest that fits is meant.
const Node::Entry* leading_entry(const Node& table, std::string_view path) {
  const Node::Entry* best = nullptr;
  for (const Node::Entry& entry : table.entries()) {
    const bool fits = path.starts_with(entry.key) && (path.size() == entry.key.size() ||
                                                      path[entry.key.size()] == '.' || path[entry.key.size()] == '[');
    if (fits && (!best || entry.key.size() > best->key.size())) best = &entry;
  }
  return best;
}

}  // namespace

Origin locate(const Node& root, std::string_view path, bool on_key, const Origin& root_origin) {
  const Node* node = &root;
  Origin origin = root_origin;
  while (!path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    if (node->is_table()) {
      const Node::Entry* entry = leading_entry(*node, path);
      if (!entry) return origin;
      path.remove_prefix(entry->key.size());
      origin = path.empty() && on_key ? entry->key_origin : entry->value.origin();
      node = &entry->value;
    } else if (node->is_list() && path.front() == '[') {
      std::size_t index = 0;
      std::from_chars(path.data() + 1, path.data() + path.size(), index);
      if (index >= node->items().size()) return origin;
      path.remove_prefix(path.find(']') + 1);
      node = &node->items()[index];
      origin = node->origin();
    } else {
      return origin;
    }
  }
  return origin;
}

void check_table(const std::vector<ParamSpec>& specs, const Node& table, const std::string& prefix,
                 Diagnostics& diagnostics) {
  for (const ParamProblem& problem : validate(specs, table.value().as<Table>())) {
    diagnostics.error(locate(table, problem.path, problem.on_key, table.origin()),
                      (prefix.empty() ? "" : prefix + ".") + problem.path + ": " + problem.message);
  }
}

std::vector<const Node*> string_items(const Node& node, const std::string& key, const std::string& meaning,
                                      Diagnostics& diagnostics) {
  std::vector<const Node*> strings;
  const auto take = [&](const Node& item) {
    if (!item.is_list() && !item.is_table() && item.scalar().is<std::string>()) {
      strings.push_back(&item);
    } else {
      diagnostics.error(item.origin(), key + ": expected " + meaning + ", found " + found_text(item));
    }
  };
  if (node.is_list()) {
    for (const Node& item : node.items()) take(item);
  } else {
    take(node);
  }
  return strings;
}

std::string found_text(const Node& node) {
  if (node.is_table()) return "a table";
  if (node.is_list()) return "a list";
  const Value& value = node.scalar();
  const char* const type = value.is<bool>()           ? "a boolean"
                           : value.is<std::int64_t>() ? "an integer"
                           : value.is<double>()       ? "a number"
                                                      : "a string";
  return std::string(type) + ": " + to_toml(value);
}

}  // namespace retort::config
