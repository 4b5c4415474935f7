#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <retort/value.hpp>

#include "diagnostics.hpp"

namespace retort::config {

// A TOML value that knows where it was written: the tree that includes are merged in and overrides are applied to.
// (toml++'s own tables lose their source positions when they are copied, and order keys alphabetically.)
class Node {
 public:
  struct Entry;                        // a key of a table: name, where the key stands, value
  using Items = std::vector<Node>;     // a list
  using Entries = std::vector<Entry>;  // a table, in the order of the file

  Node() = default;
  Node(Value scalar, Origin origin);  // a boolean, integer, double or string
  Node(Items items, Origin origin);
  Node(Entries entries, Origin origin);

  bool is_table() const;
  bool is_list() const;
  const Entries& entries() const;  // of a table
  Entries& entries();
  const Items& items() const;  // of a list
  Items& items();
  const Value& scalar() const;
  const Origin& origin() const { return origin_; }
  void set_origin(Origin origin) { origin_ = std::move(origin); }

  // The value under `key` of a table, or nullptr; also nullptr when this is no table.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  // The value at a path such as "loss.soft.temperature", "student[1].tap" or "a.\"quoted key\""; nullptr when there is
  // none.
  const Node* at_path(std::string_view path) const;
  // Adds or replaces a key of a table.
  void set(std::string key, Origin key_origin, Node value);
  bool erase(std::string_view key);

  // Replaces a string by what its ${env:NAME} stand for; written() keeps the text with the references.
  void interpolate(std::string value);
  // The text that a string had in the file, when it referred to the environment; nullptr for every other value. This is
  // what is printed and saved, so that a secret stays where it is.
  const std::string* written() const { return written_ ? &*written_ : nullptr; }
  // Replaces both texts of a string: the one that is used and, if there is one, the one that is printed.
  void set_text(std::string value, std::optional<std::string> written);

  // Without origins, as components receive it.
  Value value() const;

 private:
  std::variant<Value, Items, Entries> content_ = Value();
  Origin origin_;
  std::optional<std::string> written_;
};

struct Node::Entry {
  std::string key;
  Origin key_origin;
  Node value;
};

}  // namespace retort::config
