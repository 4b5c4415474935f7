#include <algorithm>

#include <fmt/format.h>

#include "outline.hpp"

namespace retort::graph {
namespace {

const OutlineNode& node_of(const Outline& outline, const std::string& id) {
  return *std::find_if(outline.nodes.begin(), outline.nodes.end(), [&](const auto& node) { return node.id == id; });
}

// The chain that leads from a tap to a loss, on one line: "student.penultimate 64 -> linear 256 -> batch_norm".
std::string chain(const Outline& outline, const OutlineEdge& last) {
  std::string text;
  const OutlineEdge* edge = &last;
  while (true) {
    const OutlineNode& node = node_of(outline, edge->from);
    const std::string name = node.kind == "tap" ? node.id : node.label;
    text = name + " " + edge->label + (text.empty() ? "" : " -> ") + text;
    if (node.kind == "tap") return text;
    edge = &*std::find_if(outline.edges.begin(), outline.edges.end(),
                          [&](const auto& other) { return other.to == node.id; });
  }
}

}  // namespace

std::string draw_text(const Outline& outline) {
  std::string text = fmt::format("stage {}\n", outline.stage);
  for (const OutlineNode& node : outline.nodes) {
    if (node.kind == "dataset" || node.kind == "transforms" || node.kind == "model" || node.kind == "optimizer") {
      text += fmt::format("  {:<11} {}{}{}\n", node.kind == "model" ? node.id : node.kind, node.label,
                          node.detail.empty() ? "" : "  ", node.detail);
    }
    if (node.kind != "loss") continue;
    const auto weight = std::find_if(outline.edges.begin(), outline.edges.end(),
                                     [&](const auto& edge) { return edge.from == node.id; });
    text += fmt::format("  {:<11} {}  {}  {}\n", "loss", node.label, weight->label, node.detail);
    for (const OutlineEdge& edge : outline.edges) {
      if (edge.to == node.id) text += fmt::format("  {:<11}   {}\n", "", chain(outline, edge));
    }
  }
  for (const std::string& note : outline.notes) text += fmt::format("  {:<11} {}\n", "pass", note);
  const auto mebibytes = [](std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  const MemoryNeed& memory = outline.memory;
  text += fmt::format(
      "  {:<11} about {:.0f} MiB in float32 without passes: weights {:.1f}, gradients {:.1f}, optimizer "
      "{:.1f}, activations of a batch {:.1f}\n",
      "memory", mebibytes(memory.total()), mebibytes(memory.weights), mebibytes(memory.gradients),
      mebibytes(memory.optimizer), mebibytes(memory.activations));
  return text;
}

}  // namespace retort::graph
