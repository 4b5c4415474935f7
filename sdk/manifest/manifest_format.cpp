#include "manifest_format.hpp"

#include <algorithm>
#include <cmath>

namespace retort {
namespace {

const char* const kTypeNames[] = {"boolean", "integer", "number", "string", "list", "table", "one_of"};

Value spec_value(const ParamSpec& spec);

List spec_list(const std::vector<ParamSpec>& specs) {
  List list;
  for (const ParamSpec& spec : specs) list.push_back(spec_value(spec));
  return list;
}

// An open side has no entry.
Table range_table(const Range& range) {
  Table table;
  if (std::isfinite(range.min)) table["min"] = range.min;
  if (std::isfinite(range.max)) table["max"] = range.max;
  if (range.exclusive_min) table["exclusive_min"] = true;
  if (range.exclusive_max) table["exclusive_max"] = true;
  if (range.infinite) table["infinite"] = true;
  return table;
}

Value spec_value(const ParamSpec& spec) {
  Table table{{"name", spec.name}, {"type", kTypeNames[static_cast<int>(spec.type)]}};
  if (!spec.doc.empty()) table["doc"] = spec.doc;
  if (spec.required) table["required"] = true;
  if (spec.fallback) table["default"] = *spec.fallback;
  if (spec.range.bounded() || spec.range.infinite) table["range"] = range_table(spec.range);
  if (!spec.choices.empty()) table["choices"] = List(spec.choices.begin(), spec.choices.end());
  if (!spec.element.empty()) table["element"] = spec_list(spec.element);
  if (!spec.fields.empty()) table["fields"] = spec_list(spec.fields);
  if (!spec.alternatives.empty()) table["alternatives"] = spec_list(spec.alternatives);
  if (spec.open) table["open"] = true;
  if (spec.scheduled) table["scheduled"] = true;
  return table;
}

template <class T>
const T& entry(const Table& table, const std::string& key) {
  const auto found = table.find(key);
  if (found == table.end()) throw Error("the manifest has no '" + key + "'");
  if (!found->second.is<T>()) throw Error("the manifest's '" + key + "' has the wrong type");
  return found->second.as<T>();
}

template <class T>
T entry_or(const Table& table, const std::string& key, T fallback) {
  return table.contains(key) ? entry<T>(table, key) : fallback;
}

ParamSpec read_spec(const Table& table);

std::vector<ParamSpec> read_specs(const Table& table, const std::string& key) {
  std::vector<ParamSpec> specs;
  for (const Value& item : entry_or<List>(table, key, {})) {
    if (!item.is<Table>()) throw Error("the manifest's '" + key + "' holds something else than tables");
    specs.push_back(read_spec(item.as<Table>()));
  }
  return specs;
}

ParamSpec read_spec(const Table& table) {
  ParamSpec spec;
  spec.name = entry<std::string>(table, "name");
  spec.doc = entry_or<std::string>(table, "doc", "");
  const auto& type = entry<std::string>(table, "type");
  const auto known = std::find(std::begin(kTypeNames), std::end(kTypeNames), type);
  if (known == std::end(kTypeNames)) throw Error("the manifest names the unknown type '" + type + "'");
  spec.type = static_cast<ParamType>(known - std::begin(kTypeNames));
  spec.required = entry_or<bool>(table, "required", false);
  if (const auto found = table.find("default"); found != table.end()) spec.fallback = found->second;
  if (table.contains("range")) {
    const Table& range = entry<Table>(table, "range");
    const Range open;
    spec.range = {entry_or<double>(range, "min", open.min), entry_or<double>(range, "max", open.max),
                  entry_or<bool>(range, "exclusive_min", false), entry_or<bool>(range, "exclusive_max", false),
                  entry_or<bool>(range, "infinite", false)};
  }
  for (const Value& choice : entry_or<List>(table, "choices", {})) spec.choices.push_back(choice.as<std::string>());
  spec.element = read_specs(table, "element");
  spec.fields = read_specs(table, "fields");
  spec.alternatives = read_specs(table, "alternatives");
  spec.open = entry_or<bool>(table, "open", false);
  spec.scheduled = entry_or<bool>(table, "scheduled", false);
  return spec;
}

Descriptor read_descriptor(const Table& table) {
  Descriptor descriptor;
  const auto& kind = entry<std::string>(table, "kind");
  const auto known =
      std::find_if(std::begin(kAllKinds), std::end(kAllKinds), [&](Kind k) { return kind == kind_name(k); });
  if (known == std::end(kAllKinds)) throw Error("the manifest names the unknown kind '" + kind + "'");
  descriptor.kind = *known;
  descriptor.name = entry<std::string>(table, "name");
  descriptor.version = entry<std::string>(table, "version");
  descriptor.summary = entry_or<std::string>(table, "summary", "");
  descriptor.reference = entry_or<std::string>(table, "reference", "");
  descriptor.student_tap = entry_or<std::string>(table, "student_tap", "logits");
  descriptor.teacher_tap = entry_or<std::string>(table, "teacher_tap", "");
  descriptor.params = read_specs(table, "params");
  return descriptor;
}

}  // namespace

std::string write_manifest(const PluginFile& plugin) {
  std::string text = "# Generated when the plugin was built; describes the library beside it.\n";
  const auto line = [&text](const char* key, const Value& value) {
    text += std::string(key) + " = " + to_toml(value) + "\n";
  };
  line("format", kManifestFormat);
  line("library", plugin.library);
  line("sha256", plugin.sha256);
  line("abi", plugin.abi);
  for (const Descriptor& component : plugin.components) {
    text += "\n[[component]]\n";
    line("kind", kind_name(component.kind));
    line("name", component.name);
    line("version", component.version);
    line("summary", component.summary);
    if (!component.reference.empty()) line("reference", component.reference);
    if (component.kind == Kind::Loss) {
      line("student_tap", component.student_tap);
      line("teacher_tap", component.teacher_tap);
    }
    text += "params = [";
    for (const ParamSpec& spec : component.params) text += "\n  " + to_toml(spec_value(spec)) + ",";
    text += component.params.empty() ? "]\n" : "\n]\n";
  }
  return text;
}

PluginFile read_manifest(const Table& document) {
  if (const auto format = entry<std::int64_t>(document, "format"); format != kManifestFormat) {
    throw Error("the manifest is of format " + std::to_string(format) + ", this host reads " +
                std::to_string(kManifestFormat));
  }
  PluginFile plugin{entry<std::string>(document, "library"),
                    entry<std::string>(document, "sha256"),
                    entry<std::string>(document, "abi"),
                    {}};
  for (const Value& item : entry_or<List>(document, "component", {})) {
    if (!item.is<Table>()) throw Error("the manifest's 'component' holds something else than tables");
    plugin.components.push_back(read_descriptor(item.as<Table>()));
  }
  return plugin;
}

}  // namespace retort
