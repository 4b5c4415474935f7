#include "spared_work.hpp"

#include <fmt/format.h>

namespace retort::study {

void SparedWork::add(const nlohmann::ordered_json& stages) {
  for (const auto& stage : stages) {
    const auto cache = stage.find("logit_cache");
    if (cache == stage.end() || !cache->is_object()) continue;
    hits += cache->value("hits", std::int64_t{0});
    misses += cache->value("misses", std::int64_t{0});
  }
}

std::string SparedWork::sentence() const {
  return fmt::format("the logit cache spared {} of {} teacher forward passes ({:.1f} %)", hits, hits + misses,
                     100.0 * share());
}

nlohmann::ordered_json SparedWork::json() const {
  if (!any()) return {};
  return {{"hits", hits}, {"misses", misses}, {"spared", share()}};
}

}  // namespace retort::study
