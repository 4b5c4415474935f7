#pragma once

#include <optional>
#include <string>

#include "node.hpp"

namespace retort::config {

// A result from the literature that an experiment's own is to be seen beside; it changes nothing in a run.
struct PublishedResult {
  double top1 = 0.0;  // a ratio
  std::string source;
};

// What [published] says; nothing when it is not there.
std::optional<PublishedResult> read_published(const Node& experiment);

}  // namespace retort::config
