#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cache/logit_cache.hpp"
#include "data/source.hpp"
#include "graph/training_graph.hpp"
#include "registry/registry.hpp"

namespace retort::run {

// What else decides a teacher's logits.
struct Computation {
  c10::Device device;
  c10::ScalarType type;
};

// Teachers of one name make the same logits and other taps of the same images.
std::string teacher_name(const graph::TrainingGraph& graph, const Computation& computation,
                         const registry::Registry& registry);

// Why a stage's steps cannot take their teacher's logits from a cache; "" when they can.
std::string why_uncached(const graph::TrainingGraph& graph, const data::Source& train);

// The cache that the experiment asks for, of a stage whose teacher has its weights; null, with a warning that says why,
// when the stage cannot use it. Throws config::Rejected, at the key, when its file cannot be used.
std::unique_ptr<cache::LogitCache> open_logit_cache(const config::EngineSpec::LogitCache& spec,
                                                    const graph::TrainingGraph& graph, const data::Source& train,
                                                    const Computation& computation, const registry::Registry& registry,
                                                    const std::function<void(const std::string&)>& warn);

}  // namespace retort::run
