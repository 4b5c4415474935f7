#pragma once

#include <optional>
#include <string>

#include <retort/param.hpp>

#include "catalog.hpp"

namespace retort::config {

// What readers look things up in, and where they complain.
struct ReadContext {
  const Catalog& catalog;
  Diagnostics& diagnostics;
};

struct ReadComponent {
  ComponentSpec spec;
  const Descriptor* descriptor = nullptr;  // never nullptr
};

// Reads and validates a table that holds a component: the fields of `keys` are the host's, all other keys parameters of
// the component. Nothing when `node` is no table or names no known component; that has been reported.
std::optional<ReadComponent> read_component(const Node& node, const ParamSpec& keys, const std::string& key,
                                            const ReadContext& context);

}  // namespace retort::config
