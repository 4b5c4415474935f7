#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace retort::report {

// The training graph of a stage, as `retort graph --json` and graph.json have it, from the data at the top to the
// optimizer at the bottom. "" when there is no node.
std::string draw_graph(const nlohmann::ordered_json& stage);

}  // namespace retort::report
