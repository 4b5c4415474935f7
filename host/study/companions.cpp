#include "companions.hpp"

#include <map>
#include <string>

#include "identity.hpp"

namespace retort::study {
namespace {

using config::Node;

void forget_terms(Node& tables) {
  tables.erase("loss");
  Node* const student = tables.find("student");
  if (!student || !student->is_table()) return;
  student->erase("seed");
  if (student->entries().empty()) tables.erase("student");
}

// What companions have in common.
std::string common_part(const PlannedRun& run) {
  Node experiment = run.experiment.resolved;
  forget_terms(experiment);
  if (Node* const stages = experiment.find("stage"); stages && stages->is_table()) {
    for (Node::Entry& stage : stages->entries()) forget_terms(stage.value);
  }
  std::string text = essence_hash(experiment);
  for (const TeacherUse& teacher : run.teachers) text += " " + teacher.run + " " + teacher.stage;
  return text;
}

}  // namespace

std::vector<std::vector<std::size_t>> companions(const StudyPlan& plan) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    const auto [entry, added] = known.emplace(common_part(plan.members[i].run), groups.size());
    if (added) groups.emplace_back();
    groups[entry->second].push_back(i);
  }
  return groups;
}

}  // namespace retort::study
