#include "prune.hpp"

#include <algorithm>

#include <retort/nearest.hpp>

namespace retort::graph {
namespace {

bool always_zero(const config::ScheduleSpec& weight) {
  using Kind = config::ScheduleSpec::Kind;
  const bool ends_elsewhere = (weight.kind == Kind::Cosine || weight.kind == Kind::Linear) && weight.final_value != 0.0;
  return weight.value == 0.0 && !ends_elsewhere;
}

TapRequest needed(const std::vector<Term>& terms, std::vector<Branch> Term::*side) {
  std::vector<std::string> taps;
  for (const Term& term : terms) {
    for (const Branch& branch : term.*side) taps.push_back(branch.tap);
  }
  return TapRequest(std::move(taps));
}

// The layers that the request spares, in words: the taps declared behind the last one asked for.
void note_spared(const ModelNode& node, std::vector<std::string>& notes) {
  const auto declared = node.model->taps();
  const auto last = std::find_if(declared.rbegin(), declared.rend(),
                                 [&](const TapInfo& tap) { return node.request.contains(tap.name); });
  std::vector<std::string> spared;
  for (auto tap = last.base(); tap != declared.end(); ++tap) spared.push_back(tap->name);
  if (!spared.empty()) notes.push_back("prune: " + node.role + " stops before " + join(spared));
}

}  // namespace

void prune(TrainingGraph& graph) {
  for (const Term& term : graph.terms) {
    if (always_zero(term.weight)) graph.notes.push_back("prune: loss." + term.name + " has weight 0 and is left out");
  }
  std::erase_if(graph.terms, [](const Term& term) { return always_zero(term.weight); });
  graph.student.request = needed(graph.terms, &Term::student);
  if (!graph.terms.empty()) note_spared(graph.student, graph.notes);
  if (!graph.teacher) return;
  graph.teacher->request = needed(graph.terms, &Term::teacher);
  if (graph.uses_teacher()) {
    note_spared(*graph.teacher, graph.notes);
  } else {
    graph.notes.push_back("prune: no term needs the teacher; it runs in evaluations only");
  }
}

}  // namespace retort::graph
