#pragma once

#include <vector>

#include "config/catalog.hpp"

namespace retort::config {

// A handful of components, none of which exists: data sets cifar100; models wrn_16_2, wrn_40_2, mlp; losses
// cross_entropy (looks at no teacher), kl_divergence, logsum; projector linear; normalization batch_norm.
// Libraries whose name contains "broken" cannot be used.
class FakeCatalog : public Catalog {
 public:
  FakeCatalog();
  const Descriptor* find(const ComponentSpec& component, Diagnostics& diagnostics) const override;
  const std::vector<Descriptor>& components() const { return components_; }

 private:
  std::vector<Descriptor> components_;
};

}  // namespace retort::config
