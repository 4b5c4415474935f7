#include "shared_teacher.hpp"

#include "config/stage_plan.hpp"

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
  if (const Node* const metrics = experiment.find("metrics")) document.set("metrics", origin, *metrics);
  document.set("stage", origin, std::move(stages));
  return document;
}

}  // namespace

std::vector<TeacherExperiment> teacher_experiments(const Node& experiment) {
  config::Diagnostics ignored;  // the experiment has been read
  std::vector<TeacherExperiment> teachers;
  for (const config::StageDraft& draft : config::plan_stages(experiment, ignored)) {
    if (draft.student_key == "student") continue;
    teachers.push_back({draft.student_key, draft.name, teacher_document(experiment, draft)});
  }
  return teachers;
}

}  // namespace retort::study
