#include <algorithm>

#include "outline.hpp"

namespace retort::graph {
namespace {

// Mermaid ids take letters, digits and underscores.
std::string mermaid_id(std::string id) {
  std::replace_if(
      id.begin(), id.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return id;
}

std::string mermaid_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"') {
      out += "#quot;";
    } else if (c == '<') {
      out += "#lt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string draw_mermaid(const Outline& outline) {
  std::string text = "flowchart LR\n";
  for (const OutlineNode& node : outline.nodes) {
    const bool round = node.kind == "tap" || node.kind == "objective";
    const std::string words =
        mermaid_text(node.label) + (node.detail.empty() ? "" : "<br/><small>" + mermaid_text(node.detail) + "</small>");
    text += "  " + mermaid_id(node.id) + (round ? "([\"" : "[\"") + words + (round ? "\"])" : "\"]") +
            (node.trained ? ":::trained" : "") + "\n";
  }
  for (const OutlineEdge& edge : outline.edges) {
    text += "  " + mermaid_id(edge.from) + " -->" +
            (edge.label.empty() ? " " : "|\"" + mermaid_text(edge.label) + "\"| ") + mermaid_id(edge.to) + "\n";
  }
  return text + "  classDef trained stroke-width:3px\n";
}

}  // namespace retort::graph
