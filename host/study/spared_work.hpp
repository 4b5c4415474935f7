#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace retort::study {

// What the logit caches of runs spared their teachers, in samples.
struct SparedWork {
  std::int64_t hits = 0;
  std::int64_t misses = 0;  // the teacher computed them

  // Adds what a run's summary says of its stages: of each, its last sitting.
  void add(const nlohmann::ordered_json& stages);

  // Whether a cache was used at all.
  bool any() const { return hits + misses > 0; }
  // "the logit cache spared 30 of 40 teacher forward passes (75.0 %)"
  std::string sentence() const;
  // null when no cache was used.
  nlohmann::ordered_json json() const;

 private:
  double share() const { return static_cast<double>(hits) / static_cast<double>(hits + misses); }
};

}  // namespace retort::study
