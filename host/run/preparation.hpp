#pragma once

#include <deque>
#include <string>

#include "config/experiment.hpp"
#include "data_store.hpp"
#include "engine/step_values.hpp"
#include "graph/assembly.hpp"
#include "registry/registry.hpp"

namespace retort::run {

// Assembles every stage of an experiment; throws config::Rejected with everything that is wrong with any of them.
// `warnings` are for the caller to show.
std::deque<graph::TrainingGraph> assemble_stages(const config::ExperimentSpec& experiment, registry::Registry& registry,
                                                 registry::Services& services, config::Diagnostics& diagnostics);

// The stage of that name, or the last one when the name is empty. Throws InvalidParameter naming the stages there are.
graph::TrainingGraph& find_stage(std::deque<graph::TrainingGraph>& stages, const std::string& name);

// The device that `run.device` names, and the number of threads that `run.threads` says, settled for this process.
// Throws config::Rejected.
c10::Device settle_device(const config::RunSpec& run);

// Reads the data of every stage. Throws config::Rejected, located, when a file is missing or broken.
std::deque<StageData> load_data(const std::deque<graph::TrainingGraph>& stages, DataStore& store);

}  // namespace retort::run
