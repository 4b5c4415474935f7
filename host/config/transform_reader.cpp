#include "transform_reader.hpp"

#include <algorithm>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

#include "table_view.hpp"
#include "toml_reader.hpp"
#include "transform_keys.hpp"
#include "validation.hpp"

namespace retort::config {
namespace {

const TransformKeys& known_transform(const std::string& use) {
  std::vector<std::string> names;
  for (const TransformKeys& keys : transforms()) {
    if (keys.use == use) return keys;
    names.push_back(keys.use);
  }
  throw Error("unknown transform '" + use + "'" + did_you_mean(use, names) + " (accepted: " + join(names) + ")");
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t");
  return std::string(text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin));
}

// The arguments between the brackets of `random_crop(32, padding=4)`, added to `table` under their names.
void add_arguments(Node& table, std::string_view arguments, const TransformKeys& keys, Diagnostics& diagnostics) {
  std::size_t position = 0;
  bool named = false;
  for (bool more = !trimmed(arguments).empty(); more;) {
    const std::size_t comma = std::min(arguments.find(','), arguments.size());
    const std::string argument = trimmed(arguments.substr(0, comma));
    more = comma < arguments.size();
    arguments.remove_prefix(std::min(comma + 1, arguments.size()));

    const std::size_t equals = argument.find('=');
    std::string name;
    if (equals != std::string::npos) {
      named = true;
      name = trimmed(argument.substr(0, equals));
    } else {
      if (named) throw Error("'" + argument + "' follows a named argument and needs a name too");
      if (position == keys.params.size()) {
        throw Error(keys.use + " takes at most " + std::to_string(keys.params.size()) + " arguments");
      }
      name = keys.params[position++].name;
    }
    if (table.find(name)) throw Error("'" + name + "' is given twice");
    const std::string value = equals == std::string::npos ? argument : trimmed(argument.substr(equals + 1));
    if (auto node = read_value(value, table.origin(), diagnostics)) {
      table.entries().push_back({name, table.origin(), std::move(*node)});
    }
  }
}

// The table that the short form stands for.
Node expanded(const Node& item, Diagnostics& diagnostics) {
  const std::string text = trimmed(item.scalar().as<std::string>());
  const std::size_t bracket = std::min(text.find('('), text.size());
  const std::string use = trimmed(text.substr(0, bracket));
  Node table(Node::Entries{}, item.origin());
  table.set("use", item.origin(), Node(Value(use), item.origin()));
  const TransformKeys& keys = known_transform(use);
  if (bracket < text.size()) {
    if (text.back() != ')') throw Error("expected a form such as \"" + use + "(...)\", found \"" + text + "\"");
    add_arguments(table, std::string_view(text).substr(bracket + 1, text.size() - bracket - 2), keys, diagnostics);
  }
  return table;
}

TransformSpec read_transform(const Node& item, const std::string& key, Diagnostics& diagnostics) {
  const Node table = item.is_table() ? item : expanded(item, diagnostics);
  const auto use = TableView(&table).located<std::string>("use");
  if (!use) throw Error("the transform has no 'use'");
  const TransformKeys& keys = known_transform(use->value);

  std::vector<ParamSpec> specs = keys.params;
  specs.insert(specs.begin(), {.name = "use", .type = ParamType::String});
  check_table(specs, table, key, diagnostics);

  TransformSpec transform{keys.use, table.value().as<Table>(), item.origin()};
  transform.params.erase("use");
  for (const ParamSpec& param : keys.params) {
    if (param.fallback) transform.params.emplace(param.name, *param.fallback);
  }
  return transform;
}

}  // namespace

std::vector<TransformSpec> read_transforms(const Node& list, const std::string& key, Diagnostics& diagnostics) {
  std::vector<TransformSpec> specs;
  if (!list.is_list()) return specs;
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    const Node& item = list.items()[i];
    if (!item.is_table() && !scalar_as<std::string>(item)) continue;
    const std::string item_key = key + "[" + std::to_string(i) + "]";
    try {
      specs.push_back(read_transform(item, item_key, diagnostics));
    } catch (const Error& error) {
      const Node* const use = item.find("use");
      diagnostics.error(use ? use->origin() : item.origin(), item_key + ": " + error.what());
    }
  }
  return specs;
}

}  // namespace retort::config
