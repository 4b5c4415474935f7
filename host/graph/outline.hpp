#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory_need.hpp"

// The training graph as plain data for people and programs: nodes and edges with words on them.
namespace retort::graph {

struct TrainingGraph;

struct OutlineNode {
  std::string id;      // unique: "teacher", "loss.soft.student.projector"
  std::string kind;    // dataset, transforms, model, tap, projector, normalization, loss, objective, optimizer
  std::string label;   // "wrn_40_2"
  std::string detail;  // "2,255,156 parameters, frozen"; may be empty
  bool trained = false;
};

struct OutlineEdge {
  std::string from;
  std::string to;
  std::string label;  // a shape or a weight; may be empty
};

struct Outline {
  std::string stage;
  std::vector<OutlineNode> nodes;  // in the order of the data
  std::vector<OutlineEdge> edges;
  std::vector<std::string> notes;  // what the passes did
  MemoryNeed memory;
};

Outline outline_of(const TrainingGraph& graph);

std::string draw_text(const Outline& outline);
std::string draw_mermaid(const Outline& outline);
std::string draw_dot(const Outline& outline);
// {"stage", "nodes": [{"id", "kind", "label", "detail", "trained"}], "edges": [{"from", "to", "label"}], "notes",
// "memory_bytes": {...}}
std::string draw_json(const std::vector<Outline>& stages);

}  // namespace retort::graph
