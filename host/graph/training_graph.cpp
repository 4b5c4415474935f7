#include "training_graph.hpp"

namespace retort::graph {
namespace {

template <class Visit>
void for_each_branch(const TrainingGraph& graph, Visit&& visit) {
  for (const Term& term : graph.terms) {
    for (const Branch& branch : term.student) visit(branch);
    for (const Branch& branch : term.teacher) visit(branch);
  }
}

}  // namespace

std::vector<TrainedModule> TrainingGraph::projectors() const {
  std::vector<TrainedModule> modules;
  for_each_branch(*this, [&](const Branch& branch) {
    if (branch.projector) modules.push_back({branch.key + ".projector", branch.projector.get()});
  });
  return modules;
}

std::vector<TrainedModule> TrainingGraph::trained_modules() const {
  std::vector<TrainedModule> modules{{"student", student.model.get()}};
  for_each_branch(*this, [&](const Branch& branch) {
    if (branch.projector) modules.push_back({branch.key + ".projector", branch.projector.get()});
    if (branch.normalization) modules.push_back({branch.key + ".normalization", branch.normalization.get()});
  });
  for (const Term& term : terms) modules.push_back({term.spec.key, term.loss.get()});
  return modules;
}

}  // namespace retort::graph
