#include "term_reader.hpp"

#include <optional>

#include "key_path.hpp"
#include "keys.hpp"
#include "schedule_reader.hpp"
#include "table_view.hpp"

namespace retort::config {
namespace {

// The component under `name` of a branch, when there is one.
std::optional<ComponentSpec> branch_component(const Node& branch, const char* name, const std::string& key,
                                              const ReadContext& context) {
  const Node* const table = branch.find(name);
  if (!table) return std::nullopt;
  const ParamSpec& keys = key_spec(std::string("loss.*.student.") + name);
  auto read = read_component(*table, keys, join_key(key, name), context);
  return read ? std::optional(std::move(read->spec)) : std::nullopt;
}

BranchSpec read_branch(const Node& node, const std::string& key, const ReadContext& context) {
  BranchSpec branch{.tap = {"", node.origin()}};
  if (node.is_table()) {
    TableView(&node).read("tap", branch.tap);
    branch.projector = branch_component(node, "projector", key, context);
    branch.normalization = branch_component(node, "normalization", key, context);
  } else if (const auto tap = scalar_as<std::string>(node)) {
    branch.tap.value = *tap;
  }
  return branch;
}

std::vector<BranchSpec> read_branches(const Node* node, const std::string& key, const ReadContext& context) {
  std::vector<BranchSpec> branches;
  if (!node) return branches;
  if (!node->is_list()) return {read_branch(*node, key, context)};
  for (std::size_t i = 0; i < node->items().size(); ++i) {
    branches.push_back(read_branch(node->items()[i], key + "[" + std::to_string(i) + "]", context));
  }
  return branches;
}

ScheduleSpec read_weight(const Node* node, const std::string& key, const Origin& term, Diagnostics& diagnostics) {
  const double fallback = default_of<double>("loss.*.weight");
  if (!node) return read_schedule(nullptr, fallback, key, term, diagnostics);
  const double value = scalar_as<double>(*node).value_or(fallback);
  return read_schedule(node->is_table() ? node : nullptr, value, key, node->origin(), diagnostics);
}

void check_teacher(const ReadTerm& read, const Node& node, const TermScope& scope, const std::string& key,
                   Diagnostics& diagnostics) {
  const Located<std::string>& use = read.term.loss.use;
  if (read.looks_at_teacher && !scope.has_teacher) {
    diagnostics.error(use.origin, key + ": the loss '" + use.value + "' compares with a teacher, and the stage '" +
                                      scope.stage + "' has none; expected a table [teacher]");
  }
  if (!read.looks_at_teacher && node.find("teacher")) {
    diagnostics.error(node.find("teacher")->origin(),
                      key + ".teacher: the loss '" + use.value + "' looks at no teacher");
  }
}

// The parameters that have a table: the loss is made with the value that the schedule starts from.
void read_parameter_schedules(TermSpec& term, const Descriptor& loss, const Node& node, const std::string& key,
                              Diagnostics& diagnostics) {
  for (const ParamSpec& param : loss.params) {
    const Node* const given = node.find(param.name);
    if (!param.scheduled || !given || !given->is_table()) continue;
    const std::string param_key = join_key(key, param.name);
    ScheduleSpec schedule = read_parameter_schedule(*given, param, param_key, diagnostics);
    term.loss.params[param.name] = schedule.value;
    term.schedules.push_back({param.name, std::move(schedule)});
  }
}

std::optional<ReadTerm> read_term(const Node::Entry& entry, const TermScope& scope, const ReadContext& context) {
  const Node& node = entry.value;
  if (!node.is_table()) return std::nullopt;
  const std::string key = join_key(scope.key, entry.key);
  auto loss = read_component(node, key_spec("loss.*"), key, context);
  ReadTerm read;
  TermSpec& term = read.term;
  term.name = entry.key;
  term.origin = node.origin();
  term.weight = read_weight(node.find("weight"), key + ".weight", node.origin(), context.diagnostics);
  term.student = read_branches(node.find("student"), key + ".student", context);
  term.teacher = read_branches(node.find("teacher"), key + ".teacher", context);
  if (!loss) return std::nullopt;
  read.looks_at_teacher = !loss->descriptor->teacher_tap.empty();
  term.loss = std::move(loss->spec);
  read_parameter_schedules(term, *loss->descriptor, node, key, context.diagnostics);
  check_teacher(read, node, scope, key, context.diagnostics);
  return read;
}

}  // namespace

std::vector<ReadTerm> read_terms(const Node& table, const TermScope& scope, const ReadContext& context) {
  std::vector<ReadTerm> terms;
  if (!table.is_table()) return terms;
  for (const Node::Entry& entry : table.entries()) {
    if (auto term = read_term(entry, scope, context)) terms.push_back(std::move(*term));
  }
  return terms;
}

}  // namespace retort::config
