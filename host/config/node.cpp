#include "node.hpp"

#include <algorithm>

#include "key_path.hpp"

namespace retort::config {

Node::Node(Value scalar, Origin origin) : content_(std::move(scalar)), origin_(std::move(origin)) {}
Node::Node(Items items, Origin origin) : content_(std::move(items)), origin_(std::move(origin)) {}
Node::Node(Entries entries, Origin origin) : content_(std::move(entries)), origin_(std::move(origin)) {}

bool Node::is_table() const {
  return std::holds_alternative<Entries>(content_);
}
bool Node::is_list() const {
  return std::holds_alternative<Items>(content_);
}
const Node::Entries& Node::entries() const {
  return std::get<Entries>(content_);
}
Node::Entries& Node::entries() {
  return std::get<Entries>(content_);
}
const Node::Items& Node::items() const {
  return std::get<Items>(content_);
}
Node::Items& Node::items() {
  return std::get<Items>(content_);
}
const Value& Node::scalar() const {
  return std::get<Value>(content_);
}

const Node* Node::find(std::string_view key) const {
  if (!is_table()) return nullptr;
  const auto found = std::find_if(entries().begin(), entries().end(), [key](const Entry& e) { return e.key == key; });
  return found == entries().end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

const Node* Node::at_path(std::string_view path) const {
  const Node* node = this;
  for (const auto& part : parse_key_path(path)) {
    if (const auto* key = std::get_if<std::string>(&part)) {
      node = node->find(*key);
    } else {
      const std::size_t index = std::get<std::size_t>(part);
      node = node->is_list() && index < node->items().size() ? &node->items()[index] : nullptr;
    }
    if (!node) return nullptr;
  }
  return node;
}

void Node::set(std::string key, Origin key_origin, Node value) {
  for (Entry& entry : entries()) {
    if (entry.key != key) continue;
    entry.key_origin = std::move(key_origin);
    entry.value = std::move(value);
    return;
  }
  entries().push_back({std::move(key), std::move(key_origin), std::move(value)});
}

bool Node::erase(std::string_view key) {
  return is_table() && std::erase_if(entries(), [key](const Entry& entry) { return entry.key == key; }) > 0;
}

void Node::interpolate(std::string value) {
  set_text(std::move(value), scalar().as<std::string>());
}

void Node::set_text(std::string value, std::optional<std::string> written) {
  content_ = Value(std::move(value));
  written_ = std::move(written);
}

Value Node::value() const {
  if (is_list()) {
    List list;
    for (const Node& item : items()) list.push_back(item.value());
    return list;
  }
  if (!is_table()) return scalar();
  Table table;
  for (const Entry& entry : entries()) table.emplace(entry.key, entry.value.value());
  return table;
}

}  // namespace retort::config
