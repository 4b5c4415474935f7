#include "experiment.hpp"

#include "validation.hpp"

namespace retort::config {

Origin ComponentSpec::origin_of(const std::string& path, bool on_key) const {
  return locate(node, path, on_key, use.origin);
}

}  // namespace retort::config
