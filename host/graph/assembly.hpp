#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "config/diagnostics.hpp"
#include "registry/registry.hpp"
#include "training_graph.hpp"

namespace retort::graph {

// What an assembly works with. Everything outlives the graph.
struct Workshop {
  registry::Registry& registry;
  registry::Services& services;
  std::uint64_t seed = 1;  // of the run: decides every initial weight of stages without a seed of their own
  config::EngineSpec engine{};
};

// Builds a stage's components and tries them on the CPU with a dry run of two samples of the declared shape: every
// tap's shape becomes known, projectors are sized, parameters and FLOPs counted, and one backward pass shows which
// trainable parameters the objective reaches. No data file is opened, no device touched, and the components' state is
// as it was before the dry run. Every problem found goes to `diagnostics`; the result is empty when there was an error.
std::optional<TrainingGraph> assemble(const config::StageSpec& stage, const Workshop& of_run,
                                      config::Diagnostics& diagnostics);

// The seed of what belongs to `name`, so that a component's random numbers depend on the run's seed and on itself, but
// not on what else the experiment holds: a student starts from the same weights with and without a teacher.
std::uint64_t seed_for(std::uint64_t run_seed, const std::string& name);

}  // namespace retort::graph
