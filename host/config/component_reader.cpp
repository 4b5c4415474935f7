#include "component_reader.hpp"

#include <algorithm>

#include "keys.hpp"
#include "table_view.hpp"
#include "validation.hpp"

namespace retort::config {
namespace {

bool names(const std::vector<ParamSpec>& specs, const std::string& key) {
  return std::any_of(specs.begin(), specs.end(), [&key](const ParamSpec& spec) { return spec.name == key; });
}

// The keys of `table` that are the host's, or those that are not.
Node part(const Node& table, const std::vector<ParamSpec>& host_keys, bool hosts) {
  Node::Entries entries;
  for (const Node::Entry& entry : table.entries()) {
    if (names(host_keys, entry.key) == hosts) entries.push_back(entry);
  }
  return Node(std::move(entries), table.origin());
}

// The host's keys and the component's together, so that a misspelt key is compared with both.
void check_parameters(const Node& node, const ParamSpec& keys, const Descriptor& descriptor, const std::string& key,
                      Diagnostics& diagnostics) {
  std::vector<ParamSpec> specs = keys.fields;
  for (const ParamSpec& param : descriptor.params) {
    if (!names(keys.fields, param.name)) specs.push_back(accepted_form(param));
  }
  check_table(specs, node, key, diagnostics);
}

}  // namespace

std::optional<ReadComponent> read_component(const Node& node, const ParamSpec& keys, const std::string& key,
                                            const ReadContext& context) {
  if (!node.is_table()) return std::nullopt;
  const TableView view(&node);
  ReadComponent read;
  ComponentSpec& spec = read.spec;
  const auto use = view.located<std::string>("use");
  if (use) {
    spec.kind = *component_kind(keys);
    spec.key = key;
    spec.use = *use;
    if (const auto library = view.located<std::string>("library")) {
      spec.library = Located<std::filesystem::path>{library->value, library->origin};
    }
    spec.params = part(node, keys.fields, false).value().as<Table>();
    spec.node = node;
    read.descriptor = context.catalog.find(spec, context.diagnostics);
  }
  if (!read.descriptor) {
    check_table(keys.fields, part(node, keys.fields, true), key, context.diagnostics);
    return std::nullopt;
  }
  check_parameters(node, keys, *read.descriptor, key, context.diagnostics);
  return read;
}

}  // namespace retort::config
