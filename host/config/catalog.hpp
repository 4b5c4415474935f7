#pragma once

#include "experiment.hpp"

namespace retort::config {

// What components there are.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // The component of `component.kind` that `component.use` names, from `component.library` when there is one. What is
  // wrong (an unknown name, with the nearest; a plugin that cannot be used) is reported, and nullptr returned.
  virtual const Descriptor* find(const ComponentSpec& component, Diagnostics& diagnostics) const = 0;
};

}  // namespace retort::config
