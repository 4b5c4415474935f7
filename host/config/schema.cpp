#include "schema.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include <retort/param.hpp>

#include "keys.hpp"
#include "transform_keys.hpp"

namespace retort::config {
namespace {

using nlohmann::json;

json number_json(double value) {
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  return whole ? json(static_cast<std::int64_t>(value)) : json(value);
}

json value_json(const Value& value) {
  struct Converter {
    json operator()(bool v) const { return v; }
    json operator()(std::int64_t v) const { return v; }
    // JSON has no inf; a default only informs.
    json operator()(double v) const { return std::isfinite(v) ? json(v) : json(to_toml(v)); }
    json operator()(const std::string& v) const { return v; }
    json operator()(const List& v) const {
      json array = json::array();
      for (const Value& item : v) array.push_back(value_json(item));
      return array;
    }
    json operator()(const Table& v) const {
      json object = json::object();
      for (const auto& [key, item] : v) object[key] = value_json(item);
      return object;
    }
  };
  return std::visit(Converter{}, value.storage());
}

void add_range(json& schema, const Range& range) {
  if (std::isfinite(range.min)) {
    schema["minimum"] = number_json(range.min);
    if (range.exclusive_min) schema["exclusiveMinimum"] = true;
  }
  if (std::isfinite(range.max)) {
    schema["maximum"] = number_json(range.max);
    if (range.exclusive_max) schema["exclusiveMaximum"] = true;
  }
}

class SchemaWriter {
 public:
  explicit SchemaWriter(std::span<const Descriptor> components) : components_(components) {}

  json document() {
    json root = closed_table(file_keys(), false);
    root["properties"].update(closed_table(experiment_keys(), false)["properties"]);
    root["$schema"] = "http://json-schema.org/draft-04/schema#";
    root["title"] = "Retort experiment";
    root["definitions"] = definitions_;
    return root;
  }

 private:
  // `in_list`: the value cannot be completed by another file, so what is required can be demanded.
  json schema_of(const ParamSpec& spec, bool in_list) {
    if (component_kind(spec) || is_transform(spec)) return reference(spec);
    json schema = json::object();
    switch (spec.type) {
      case ParamType::Boolean:
        schema["type"] = "boolean";
        break;
      case ParamType::Integer:
        schema["type"] = "integer";
        break;
      case ParamType::Number:
        schema["type"] = "number";
        break;
      case ParamType::String:
        schema["type"] = "string";
        break;
      case ParamType::List:
        schema["type"] = "array";
        if (!spec.element.empty()) schema["items"] = schema_of(spec.element[0], true);
        break;
      case ParamType::Table:
        schema = table_schema(spec, in_list);
        break;
      case ParamType::OneOf:
        for (const ParamSpec& alternative : spec.alternatives) {
          schema["anyOf"].push_back(schema_of(alternative, in_list));
        }
        break;
    }
    add_range(schema, spec.range);
    if (!spec.choices.empty()) schema["enum"] = spec.choices;
    if (!spec.doc.empty()) schema["description"] = spec.doc;
    if (spec.fallback) schema["default"] = value_json(*spec.fallback);
    return schema;
  }

  json table_schema(const ParamSpec& spec, bool in_list) {
    if (!spec.open) return closed_table(spec.fields, in_list);
    json schema{{"type", "object"}};
    if (!spec.element.empty()) schema["additionalProperties"] = schema_of(spec.element[0], in_list);
    return schema;
  }

  json closed_table(const std::vector<ParamSpec>& fields, bool in_list) {
    json schema{{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}};
    for (const ParamSpec& field : fields) {
      schema["properties"][field.name] = schema_of(field, in_list);
      if (in_list && field.required) schema["required"].push_back(field.name);
    }
    return schema;
  }

  json reference(const ParamSpec& spec) {
    if (!definitions_.contains(spec.name)) {
      definitions_[spec.name] = nullptr;  // a definition may refer to itself
      json definition = is_transform(spec) ? transform_definition() : component_definition(spec);
      definition["description"] = spec.doc;
      definitions_[spec.name] = std::move(definition);
    }
    return {{"$ref", "#/definitions/" + spec.name}};
  }

  // A closed table in which `use` is `name`.
  json named_table(const std::string& name, const std::string& doc, const std::vector<ParamSpec>& fields,
                   bool in_list) {
    json schema = closed_table(fields, in_list);
    schema["properties"]["use"] = {{"type", "string"}, {"enum", {name}}, {"description", doc}};
    json& required = schema["required"];
    if (std::find(required.begin(), required.end(), "use") == required.end()) required.push_back("use");
    return schema;
  }

  json transform_definition() {
    json definition;
    for (const TransformKeys& keys : transforms()) {
      definition["anyOf"].push_back(named_table(keys.use, keys.doc, keys.params, true));
    }
    return definition;
  }

  json component_definition(const ParamSpec& spec) {
    json definition;
    for (const Descriptor& component : components_) {
      if (component.kind != *component_kind(spec)) continue;
      std::vector<ParamSpec> fields;
      for (const ParamSpec& param : component.params) fields.push_back(accepted_form(param));
      fields.insert(fields.end(), spec.fields.begin(), spec.fields.end());  // the host's keys win
      definition["anyOf"].push_back(named_table(component.name, component.summary, fields, false));
    }
    // A component of another library, and a table that only completes one of another file, may have any parameters.
    json other = closed_table(spec.fields, false);
    other.erase("additionalProperties");
    json partial = other;
    other["required"] = {"use", "library"};
    partial["not"] = {{"required", {"use"}}};
    definition["anyOf"].push_back(std::move(other));
    definition["anyOf"].push_back(std::move(partial));
    return definition;
  }

  std::span<const Descriptor> components_;
  json definitions_ = json::object();
};

}  // namespace

json experiment_schema(std::span<const Descriptor> components) {
  return SchemaWriter(components).document();
}

}  // namespace retort::config
