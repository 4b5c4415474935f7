#include "paths.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "document.hpp"
#include "keys.hpp"

namespace retort::config {
namespace {

namespace fs = std::filesystem;

void make_absolute(Node& value) {
  if (value.is_table() || value.is_list() || !value.scalar().is<std::string>()) return;
  const fs::path path = value.scalar().as<std::string>();
  if (path.empty() || path.is_absolute()) return;
  const fs::path folder = base_directory(value.origin());
  std::optional<std::string> written;
  if (value.written()) written = (folder / *value.written()).string();
  value.set_text((folder / path).lexically_normal().string(), std::move(written));
}

// The keys of a table that hold paths.
std::vector<const char*> path_keys(const ParamSpec& spec) {
  if (component_kind(spec)) return {"library", "weights"};
  if (spec.name == "label_noise") return {"file"};
  if (spec.name == "engine") return {"logit_cache"};
  if (spec.name == "metrics") return {"users"};
  return {};
}

void visit(Node& node, const ParamSpec& spec) {
  for (const char* key : path_keys(spec)) {
    Node* const value = node.find(key);
    const bool hosts = std::any_of(spec.fields.begin(), spec.fields.end(),
                                   [key](const ParamSpec& field) { return field.name == key; });
    if (value && hosts) make_absolute(*value);
  }
  if (component_kind(spec) == Kind::Model && node.is_table()) {
    if (Node* const value = node.find(kModelPackage)) make_absolute(*value);
  }
  for (const ParamSpec& field : spec.fields) {
    if (Node* const value = node.find(field.name)) visit(*value, field);
  }
  if (!spec.element.empty() && node.is_table()) {
    for (Node::Entry& entry : node.entries()) visit(entry.value, spec.element[0]);
  }
  if (!spec.element.empty() && node.is_list()) {
    for (Node& item : node.items()) visit(item, spec.element[0]);
  }
  for (const ParamSpec& alternative : spec.alternatives) visit(node, alternative);
}

}  // namespace

void make_paths_absolute(Node& document) {
  for (const ParamSpec& spec : experiment_keys()) {
    if (Node* const value = document.find(spec.name)) visit(*value, spec);
  }
}

}  // namespace retort::config
