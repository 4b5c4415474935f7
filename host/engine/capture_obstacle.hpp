#pragma once

#include <optional>
#include <string>

#include "data/source.hpp"
#include "device_graph.hpp"
#include "graph/training_graph.hpp"

namespace retort::engine {

// Why the steps of a stage cannot be captured and replayed, naming the component; nothing: they can.
std::optional<std::string> capture_obstacle(const graph::TrainingGraph& graph, const data::Source& train);

// What the stage's steps are replayed from on `device`; empty when they are run each time. Where a GPU could replay
// them but something is in the way, `tell` hears what.
DeviceGraphFactory choose_capture(const graph::TrainingGraph& graph, const data::Source& train, c10::Device device,
                                  const std::function<void(const std::string&)>& tell);

}  // namespace retort::engine
