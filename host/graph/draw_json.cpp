#include <nlohmann/json.hpp>

#include "outline.hpp"

namespace retort::graph {

std::string draw_json(const std::vector<Outline>& stages) {
  nlohmann::ordered_json document = nlohmann::ordered_json::array();
  for (const Outline& outline : stages) {
    nlohmann::ordered_json stage{{"stage", outline.stage},
                                 {"nodes", nlohmann::ordered_json::array()},
                                 {"edges", nlohmann::ordered_json::array()},
                                 {"notes", outline.notes},
                                 {"memory_bytes",
                                  {{"weights", outline.memory.weights},
                                   {"gradients", outline.memory.gradients},
                                   {"optimizer", outline.memory.optimizer},
                                   {"activations", outline.memory.activations}}}};
    for (const OutlineNode& node : outline.nodes) {
      stage["nodes"].push_back({{"id", node.id},
                                {"kind", node.kind},
                                {"label", node.label},
                                {"detail", node.detail},
                                {"trained", node.trained}});
    }
    for (const OutlineEdge& edge : outline.edges) {
      stage["edges"].push_back({{"from", edge.from}, {"to", edge.to}, {"label", edge.label}});
    }
    document.push_back(std::move(stage));
  }
  return nlohmann::ordered_json{{"stages", std::move(document)}}.dump(
             2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace retort::graph
