#include "key_parts.hpp"

namespace retort::config {

ParamSpec boolean(const char* name, const char* doc, bool fallback) {
  return {.name = name, .doc = doc, .type = ParamType::Boolean, .fallback = Value(fallback)};
}
ParamSpec integer(const char* name, const char* doc, double min, std::optional<std::int64_t> fallback, double max) {
  ParamSpec spec{.name = name, .doc = doc, .type = ParamType::Integer, .range = {min, max}};
  if (fallback) spec.fallback = Value(*fallback);
  return spec;
}
ParamSpec number(const char* name, const char* doc, Range range, std::optional<double> fallback) {
  ParamSpec spec{.name = name, .doc = doc, .type = ParamType::Number, .range = range};
  if (fallback) spec.fallback = Value(*fallback);
  return spec;
}
ParamSpec text(const char* name, const char* doc, std::optional<std::string> fallback,
               std::vector<std::string> choices) {
  ParamSpec spec{.name = name, .doc = doc, .type = ParamType::String, .choices = std::move(choices)};
  if (fallback) spec.fallback = Value(*fallback);
  return spec;
}
ParamSpec list(const char* name, const char* doc, ParamSpec element) {
  return {.name = name, .doc = doc, .type = ParamType::List, .element = {std::move(element)}};
}
ParamSpec table(const char* name, const char* doc, Specs fields) {
  return {.name = name, .doc = doc, .type = ParamType::Table, .fields = std::move(fields)};
}
ParamSpec tables(const char* name, const char* doc, ParamSpec element) {
  return {.name = name, .doc = doc, .type = ParamType::Table, .element = {std::move(element)}, .open = true};
}
ParamSpec either(const char* name, const char* doc, Specs alternatives) {
  return {.name = name, .doc = doc, .type = ParamType::OneOf, .alternatives = std::move(alternatives)};
}
ParamSpec required(ParamSpec spec) {
  spec.required = true;
  return spec;
}
ParamSpec open_table(const char* name, const char* doc, const char* use_doc, Specs fields) {
  fields.insert(fields.begin(), required(text("use", use_doc)));
  ParamSpec spec = table(name, doc, std::move(fields));
  spec.open = true;
  return spec;
}
ParamSpec component(const char* name, const char* doc, const char* use_doc, Specs fields) {
  fields.insert(fields.begin(), text("library",
                                     "The plugin library that offers it, when it is not among the installed "
                                     "ones; relative to the file that says so."));
  return open_table(name, doc, use_doc, std::move(fields));
}

std::vector<std::string> uses(const std::vector<Variant>& variants) {
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(variant.use);
  return names;
}

}  // namespace retort::config
