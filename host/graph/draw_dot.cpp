#include "outline.hpp"

namespace retort::graph {
namespace {

std::string dot_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string draw_dot(const Outline& outline) {
  std::string text =
      "digraph \"" + dot_text(outline.stage) + "\" {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (const OutlineNode& node : outline.nodes) {
    text += "  \"" + dot_text(node.id) + "\" [label=\"" + dot_text(node.label) +
            (node.detail.empty() ? "" : "\\n" + dot_text(node.detail)) + "\"" +
            (node.kind == "tap" ? ", shape=ellipse" : "") + (node.trained ? ", penwidth=2" : "") + "];\n";
  }
  for (const OutlineEdge& edge : outline.edges) {
    text += "  \"" + dot_text(edge.from) + "\" -> \"" + dot_text(edge.to) + "\"" +
            (edge.label.empty() ? "" : " [label=\"" + dot_text(edge.label) + "\"]") + ";\n";
  }
  return text + "}\n";
}

}  // namespace retort::graph
