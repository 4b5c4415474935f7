#include "shared_teacher.hpp"

#include <optional>

#include "config/key_path.hpp"
#include "config/stage_plan.hpp"
#include "config/table_view.hpp"

namespace retort::study {
namespace {

using config::Node;

Node teacher_document(const Node& experiment, const config::StageDraft& draft) {
  const config::Origin& origin = experiment.origin();
  Node run(Node::Entries{}, origin);
  if (const Node* const own = experiment.find("run")) run = *own;
  for (const char* key : {"name", "directory"}) run.erase(key);
  // The stage's seed stands where the run's does, so that members whose teachers have one seed share a teacher.
  if (draft.seed) run.set("seed", origin, Node(Value(*draft.seed), origin));
  Node stages(Node::Entries{}, origin);
  stages.set(draft.name, origin, draft.tables);
  Node document(Node::Entries{}, origin);
  document.set("run", origin, std::move(run));
  for (const char* const table : {"engine", "metrics"}) {
    if (const Node* const found = experiment.find(table)) document.set(table, origin, *found);
  }
  document.set("stage", origin, std::move(stages));
  return document;
}

// The tables of models below `node` that come from `stage`: "teacher", "stage.small.teacher.members.a".
void find_models(const Node& node, const std::string& path, const std::string& stage,
                 std::vector<std::string>& models) {
  if (!node.is_table()) return;
  const auto from = config::TableView(&node).get<std::string>("stage");
  if (from == stage) models.push_back(path);
  for (const Node::Entry& entry : node.entries()) {
    const bool holds_models = entry.key == "teacher" || entry.key == "student" || entry.key == "members" ||
                              entry.key == "stage" || path == "stage" || path.ends_with(".members");
    if (holds_models) find_models(entry.value, config::join_key(path, entry.key), stage, models);
  }
}

// Trained in a stage of the experiment's [stage.*], from labels alone.
std::optional<Substitution> named_stage(const Node& experiment, const config::StageDraft& draft,
                                        const std::vector<config::StageDraft>& drafts) {
  const Node* const student = draft.tables.find("student");
  if (draft.tables.find("teacher") || draft.after || !student || student->find("weights") || student->find("stage")) {
    return std::nullopt;
  }
  for (const config::StageDraft& other : drafts) {
    if (other.after && other.after->value == draft.name) return std::nullopt;
  }
  Substitution substitution;
  find_models(experiment, "", draft.name, substitution.models);
  if (substitution.models.empty()) return std::nullopt;
  substitution.dropped.push_back(config::join_key("stage", draft.name));
  for (const std::string& model : substitution.models) substitution.dropped.push_back(config::join_key(model, "stage"));
  return substitution;
}

// Trained in the stage that a teacher without weights implies.
Substitution implied_stage(const Node& experiment, const std::string& key) {
  const std::string training = config::join_key(key, "training");
  return {{key}, experiment.at_path(training) ? std::vector{training} : std::vector<std::string>()};
}

}  // namespace

std::vector<TeacherExperiment> teacher_experiments(const Node& experiment) {
  config::Diagnostics ignored;  // the experiment has been read
  const std::vector<config::StageDraft> drafts = config::plan_stages(experiment, ignored);
  std::vector<TeacherExperiment> teachers;
  for (const config::StageDraft& draft : drafts) {
    const std::optional<Substitution> substitution = draft.student_key != "student"
                                                         ? implied_stage(experiment, draft.student_key)
                                                         : named_stage(experiment, draft, drafts);
    if (substitution) teachers.push_back({draft.name, teacher_document(experiment, draft), *substitution});
  }
  return teachers;
}

}  // namespace retort::study
