#include "stage_plan.hpp"

#include <algorithm>

#include <retort/nearest.hpp>

#include "key_path.hpp"
#include "keys.hpp"
#include "merge.hpp"
#include "table_view.hpp"

namespace retort::config {
namespace {

constexpr const char* kTeacherStage = "teacher";
constexpr const char* kStudentStage = "student";
constexpr std::int64_t kSeedStride = 1000;  // between the members of an ensemble

Node without(Node table, std::initializer_list<const char*> keys) {
  for (const char* key : keys) table.erase(key);
  return table;
}

// A teacher that is not trained here needs no training.
void warn_of_unused_training(const Node& tables, Diagnostics& diagnostics) {
  const Node* const teacher = tables.find("teacher");
  const Node* const training = teacher ? teacher->find("training") : nullptr;
  if (!training) return;
  diagnostics.warn(training->origin(),
                   "teacher.training: not used, since the teacher is not trained in a stage of its own");
}

StageDraft named_stage(const Node& root, const Node::Entry& entry, Diagnostics& diagnostics) {
  StageDraft draft{.name = entry.key, .origin = entry.value.origin()};
  draft.after = TableView(&entry.value).located<std::string>("after");
  draft.seed = TableView(&entry.value).get<std::int64_t>("seed");
  Node base = root;
  Node own = without(entry.value, {"after", "seed"});
  apply_unset(base, own, diagnostics);
  draft.tables = merge(std::move(base), std::move(own));
  warn_of_unused_training(draft.tables, diagnostics);
  return draft;
}

bool trained_here(const Node& teacher) {
  const auto has = [&teacher](const char* key) { return teacher.find(key) != nullptr; };
  return teacher.is_table() && has("use") && !has("weights") && !has("stage") && !has(kModelPackage);
}

// A table of the experiment with the teacher's own laid over it.
void lay_over(Node& tables, const char* key, const Node* training) {
  const Node* const own = training ? training->find(key) : nullptr;
  if (!own) return;
  const Node* const base = tables.find(key);
  tables.set(key, own->origin(), base ? merge(*base, *own) : *own);
}

// One term, `label`: cross-entropy with the true classes.
Node label_objective(const Origin& origin) {
  Node term(Node::Entries{}, origin);
  term.set("use", origin, Node(Value("cross_entropy"), origin));
  term.set("weight", origin, Node(Value(1.0), origin));
  Node terms(Node::Entries{}, origin);
  terms.set("label", origin, std::move(term));
  return terms;
}

// Where a teacher stands in the experiment: [teacher], or a member of it.
struct TeacherPlace {
  std::string stage = kTeacherStage;
  std::string key = "teacher";
  std::string spec = "teacher";
};

StageDraft teacher_stage(const Node& root, const Node& teacher, const TeacherPlace& place) {
  StageDraft draft{.name = place.stage,
                   .tables = without(root, {"teacher", "student", "loss"}),
                   .origin = teacher.origin(),
                   .student_key = place.key,
                   .student_spec = place.spec,
                   .loss_key = place.key + ".training.loss"};
  // What is expected of the finished teacher is checked when the student's stage takes it over.
  draft.tables.set("student", teacher.origin(),
                   without(teacher, {"training", "expect_accuracy", "accuracy_tolerance"}));
  const Node* const training = teacher.find("training");
  draft.seed = TableView(training).get<std::int64_t>("seed");
  lay_over(draft.tables, "optimizer", training);
  lay_over(draft.tables, "schedule", training);
  const Node* const loss = training ? training->find("loss") : nullptr;
  draft.tables.set("loss", teacher.origin(), loss ? *loss : label_objective(teacher.origin()));
  return draft;
}

void hand_over(Node& teacher, const std::string& stage) {
  teacher.set("stage", teacher.origin(), Node(Value(stage), teacher.origin()));
}

// The stages that train an ensemble's members, each from other random weights and in another order of the images.
void add_member_stages(std::vector<StageDraft>& drafts, Node& root, std::int64_t run_seed) {
  Node* const members = root.find("teacher")->find("members");
  if (!members->is_table()) return;
  std::int64_t trained = 0;
  const Node before = root;
  for (Node::Entry& entry : members->entries()) {
    if (!trained_here(entry.value)) continue;
    const std::string key = join_key("teacher.members", entry.key);
    drafts.push_back(
        teacher_stage(before, entry.value, {std::string(kTeacherStage) + "." + entry.key, key, "teacher.members.*"}));
    if (!drafts.back().seed) drafts.back().seed = run_seed + kSeedStride * trained;
    hand_over(entry.value, drafts.back().name);
    ++trained;
  }
}

std::vector<StageDraft> implied_stages(Node root, std::int64_t run_seed, Diagnostics& diagnostics) {
  std::vector<StageDraft> drafts;
  Node* const teacher = root.find("teacher");
  if (teacher && teacher->find("members")) {
    warn_of_unused_training(root, diagnostics);
    add_member_stages(drafts, root, run_seed);
  } else if (teacher && trained_here(*teacher)) {
    drafts.push_back(teacher_stage(root, *teacher, {}));
    hand_over(*teacher, kTeacherStage);
  } else {
    warn_of_unused_training(root, diagnostics);
  }
  const Origin origin = root.origin();
  drafts.push_back({.name = kStudentStage, .tables = std::move(root), .origin = origin});
  return drafts;
}

// Forgets every `after` that names no stage, and reports it.
void check_names(std::vector<StageDraft>& drafts, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const StageDraft& draft : drafts) names.push_back(draft.name);
  for (StageDraft& draft : drafts) {
    if (!draft.after || std::find(names.begin(), names.end(), draft.after->value) != names.end()) continue;
    diagnostics.error(draft.after->origin, "stage." + draft.name + ".after: there is no stage '" + draft.after->value +
                                               "'" + did_you_mean(draft.after->value, names) +
                                               " (stages: " + join(names) + ")");
    draft.after.reset();
  }
}

void report_cycle(const std::vector<StageDraft>& waiting, Diagnostics& diagnostics) {
  const auto named = [&waiting](const std::string& name) {
    return std::find_if(waiting.begin(), waiting.end(), [&name](const StageDraft& d) { return d.name == name; });
  };
  // Every stage waits for another that waits: following them leads into the cycle.
  std::vector<std::string> chain{waiting.front().name};
  for (;;) {
    const std::string next = named(chain.back())->after->value;
    const auto seen = std::find(chain.begin(), chain.end(), next);
    if (seen == chain.end()) {
      chain.push_back(next);
      continue;
    }
    chain.erase(chain.begin(), seen);
    chain.push_back(next);
    break;
  }
  diagnostics.error(named(chain.front())->after->origin,
                    "stage." + chain.front() + ".after: the stages wait for each other: " + join(chain, " -> "));
}

std::vector<StageDraft> ordered(std::vector<StageDraft> waiting, Diagnostics& diagnostics) {
  std::vector<StageDraft> order;
  while (!waiting.empty()) {
    const auto ready = std::find_if(waiting.begin(), waiting.end(), [&order](const StageDraft& draft) {
      return !draft.after || std::any_of(order.begin(), order.end(),
                                         [&draft](const StageDraft& done) { return done.name == draft.after->value; });
    });
    if (ready == waiting.end()) {
      report_cycle(waiting, diagnostics);
      return order;
    }
    order.push_back(std::move(*ready));
    waiting.erase(ready);
  }
  return order;
}

}  // namespace

std::vector<StageDraft> plan_stages(const Node& document, Diagnostics& diagnostics) {
  Node root = without(document, {"run", "engine", "metrics", "stage", "study", "published"});
  const Node* const stages = document.find("stage");
  if (!stages || !stages->is_table() || stages->entries().empty()) {
    const auto seed =
        TableView(document.find("run")).get<std::int64_t>("seed").value_or(default_of<std::int64_t>("run.seed"));
    return implied_stages(std::move(root), seed, diagnostics);
  }
  std::vector<StageDraft> drafts;
  for (const Node::Entry& entry : stages->entries()) {
    if (entry.value.is_table()) drafts.push_back(named_stage(root, entry, diagnostics));
  }
  check_names(drafts, diagnostics);
  return ordered(std::move(drafts), diagnostics);
}

}  // namespace retort::config
