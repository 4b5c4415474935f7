#include "overrides.hpp"

#include <retort/error.hpp>

#include "merge.hpp"
#include "toml_reader.hpp"
#include "validation.hpp"

namespace retort::config {
namespace {

std::string obstacle(const std::string& where, const Node& node, const char* expected) {
  return "'" + where + "' is no " + expected + " but " + found_text(node) + " (" + node.origin().text() + ")";
}

// The item of a list; throws Error when there is none.
Node& item_at(Node& list, std::size_t index, const std::string& where) {
  if (!list.is_list()) throw Error(obstacle(where, list, "list"));
  if (index >= list.items().size()) {
    throw Error("'" + where + "' has " + std::to_string(list.items().size()) + " items, there is no [" +
                std::to_string(index) + "]");
  }
  return list.items()[index];
}

}  // namespace

void write_value(Node& document, const KeyPath& path, Node value, const Origin& origin) {
  Node* node = &document;
  std::string where;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool last = i + 1 == path.size();
    if (const auto* index = std::get_if<std::size_t>(&path[i])) {
      node = &item_at(*node, *index, where);
      where.append("[").append(std::to_string(*index)).append("]");
      if (last) *node = std::move(value);
      continue;
    }
    const auto& key = std::get<std::string>(path[i]);
    if (!node->is_table()) throw Error(obstacle(where, *node, "table"));
    if (last) {
      node->set(key, origin, std::move(value));
    } else {
      if (!node->find(key)) node->set(key, origin, Node(Node::Entries{}, origin));
      node = node->find(key);
      where = join_key(where, key);
    }
  }
}

namespace {

void apply_set(Node& document, const std::string& text, const Origin& origin, Diagnostics& diagnostics) {
  const std::string_view path = path_before_equals(text);
  if (path.size() == text.size()) {
    return diagnostics.error(origin, "expected key=value, found '" + text + "'");
  }
  auto value = read_value(std::string_view(text).substr(path.size() + 1), origin, diagnostics);
  if (!value) return;
  try {
    const KeyPath keys = parse_key_path(path);
    if (std::get<std::string>(keys.front()) == "extends") {
      throw Error("files are merged before anything is set; name another experiment file instead");
    }
    write_value(document, keys, std::move(*value), origin);
  } catch (const Error& error) {
    diagnostics.error(origin, "cannot set '" + std::string(path) + "': " + error.what());
  }
}

}  // namespace

void apply_overrides(Node& document, const Overrides& overrides, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < overrides.unset.size(); ++i) {
    unset(document, overrides.unset[i], {"--unset #" + std::to_string(i + 1)}, diagnostics);
  }
  for (std::size_t i = 0; i < overrides.set.size(); ++i) {
    apply_set(document, overrides.set[i], {overrides.option + " #" + std::to_string(i + 1)}, diagnostics);
  }
}

}  // namespace retort::config
