#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "experiment.hpp"
#include "node.hpp"

namespace retort::config {

// A scalar as a T (bool, std::int64_t, double or std::string), or nothing when it is of another type.
template <class T>
std::optional<T> scalar_as(const Node& node) {
  if (node.is_table() || node.is_list()) return std::nullopt;
  const Value& value = node.scalar();
  if constexpr (std::is_same_v<T, double>) {
    if (value.is_number()) return value.number();
  } else {
    if (value.is<T>()) return value.as<T>();
  }
  return std::nullopt;
}

// Typed access to the keys of a table. What has the wrong type reads as absent: validation has reported it, and reading
// goes on to find what else is wrong.
class TableView {
 public:
  // `table` may be nullptr, or no table: then every key is absent.
  explicit TableView(const Node* table) : table_(table) {}

  const Node* find(const char* key) const { return table_ ? table_->find(key) : nullptr; }

  template <class T>
  std::optional<T> get(const char* key) const {
    const Node* const node = find(key);
    return node ? scalar_as<T>(*node) : std::nullopt;
  }

  template <class T>
  std::optional<Located<T>> located(const char* key) const {
    auto value = get<T>(key);
    if (!value) return std::nullopt;
    return Located<T>{std::move(*value), find(key)->origin()};
  }

  // Leaves `out` as it is when the key is absent.
  template <class T>
  void read(const char* key, T& out) const {
    if (auto value = get<T>(key)) out = std::move(*value);
  }
  template <class T>
  void read(const char* key, Located<T>& out) const {
    if (auto value = located<T>(key)) out = std::move(*value);
  }

  template <class T>
  std::optional<std::vector<T>> list(const char* key) const {
    const Node* const node = find(key);
    if (!node || !node->is_list()) return std::nullopt;
    std::vector<T> values;
    for (const Node& item : node->items()) {
      if (auto value = scalar_as<T>(item)) values.push_back(std::move(*value));
    }
    return values;
  }

 private:
  const Node* table_;
};

}  // namespace retort::config
