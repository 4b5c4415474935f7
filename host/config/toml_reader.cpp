#include "toml_reader.hpp"

#include <algorithm>
#include <cmath>

#include <toml++/toml.h>

#include <retort/param.hpp>

#include "key_path.hpp"
#include "toml_scan.hpp"

namespace retort::config {
namespace {

Origin origin_at(const toml::source_position& position, const std::string& source) {
  return {source, static_cast<int>(position.line), static_cast<int>(position.column)};
}

// toml++ orders keys alphabetically and loses positions when a table is copied; a Node keeps both.
class Converter {
 public:
  Converter(const std::string& source, Diagnostics& diagnostics) : source_(source), diagnostics_(diagnostics) {}

  std::optional<Node> node(const toml::node& from) {
    const Origin origin = origin_at(from.source().begin, source_);
    if (const auto* table = from.as_table()) return Node(entries(*table), origin);
    if (const auto* array = from.as_array()) {
      Node::Items items;
      for (const toml::node& item : *array) {
        if (auto converted = node(item)) items.push_back(std::move(*converted));
      }
      return Node(std::move(items), origin);
    }
    if (const auto* text = from.as_string()) return Node(Value(text->get()), origin);
    if (const auto* integer = from.as_integer()) return Node(Value(integer->get()), origin);
    if (const auto* flag = from.as_boolean()) return Node(Value(flag->get()), origin);
    if (const auto* number = from.as_floating_point()) {
      if (!std::isnan(number->get())) return Node(Value(number->get()), origin);
      diagnostics_.error(origin, "expected a number, found nan");
      return std::nullopt;
    }
    diagnostics_.error(origin, "dates and times have no meaning in an experiment; quote the value to make it a string");
    return std::nullopt;
  }

 private:
  Node::Entries entries(const toml::table& table) {
    Node::Entries entries;
    for (const auto& [key, value] : table) {
      Origin key_origin = origin_at(key.source().begin, source_);
      if (key.str().empty()) {
        diagnostics_.error(std::move(key_origin), "a key must not be empty");
        continue;
      }
      if (auto converted = node(value))
        entries.push_back({std::string(key), std::move(key_origin), std::move(*converted)});
    }
    std::sort(entries.begin(), entries.end(), [](const Node::Entry& a, const Node::Entry& b) {
      return std::pair(a.key_origin.line, a.key_origin.column) < std::pair(b.key_origin.line, b.key_origin.column);
    });
    return entries;
  }

  const std::string& source_;
  Diagnostics& diagnostics_;
};

void set_origins(Node& node, const Origin& origin) {
  node.set_origin(origin);
  if (node.is_list()) {
    for (Node& item : node.items()) set_origins(item, origin);
  } else if (node.is_table()) {
    for (Node::Entry& entry : node.entries()) {
      entry.key_origin = origin;
      set_origins(entry.value, origin);
    }
  }
}

bool is_one_value(const toml::table& table) {
  const toml::node* value = table.size() == 1 ? table.get("value") : nullptr;
  return value && !value->is_date() && !value->is_time() && !value->is_date_time();
}

}  // namespace

Node read_toml(std::string_view text, const std::string& source, Diagnostics& diagnostics) {
  if (const auto problem = scan_toml(text)) {
    diagnostics.error({source, problem->line, problem->column}, problem->message);
    return Node(Node::Entries{}, {source, 1, 1});
  }
  try {
    const toml::table table = toml::parse(text, std::string_view(source));
    return *Converter(source, diagnostics).node(table);
  } catch (const toml::parse_error& error) {
    diagnostics.error(origin_at(error.source().begin, source), std::string(error.description()));
    return Node(Node::Entries{}, {source, 1, 1});
  }
}

std::optional<Node> read_value(std::string_view text, const Origin& origin, Diagnostics& diagnostics) {
  if (const auto problem = scan_toml(text)) {
    diagnostics.error(origin, problem->message);
    return std::nullopt;
  }
  const std::string prefix = "value = ";
  std::string failure = "expected one value";
  const auto parsed = [&failure](const std::string& document) -> std::optional<toml::table> {
    try {
      toml::table table = toml::parse(document, std::string_view());
      if (is_one_value(table)) return table;
    } catch (const toml::parse_error& error) {
      failure = error.description();
    }
    return std::nullopt;
  };
  auto table = parsed(prefix + std::string(text));
  const bool plain_words = !text.empty() && std::string_view("\"'[{#").find(text.front()) == std::string_view::npos;
  // As a quoted string the parser still checks it: UTF-8 must be valid.
  if (!table && plain_words) table = parsed(prefix + to_toml(Value(std::string(text))));
  if (!table) {
    diagnostics.error(origin, "the value is not TOML: " + failure);
    return std::nullopt;
  }
  Diagnostics inner;
  auto value = Converter(origin.source, inner).node(*table->get("value"));
  for (const Problem& problem : inner.errors()) diagnostics.error(origin, problem.message);
  if (value) set_origins(*value, origin);
  return value;
}

}  // namespace retort::config
