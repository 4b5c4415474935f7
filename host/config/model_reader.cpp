#include "model_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include <retort/nearest.hpp>

#include "file_hint.hpp"
#include "key_path.hpp"
#include "keys.hpp"
#include "table_view.hpp"
#include "validation.hpp"

namespace retort::config {
namespace {

void check_file(const Located<std::filesystem::path>& file, const std::string& key, Diagnostics& diagnostics) {
  std::error_code failure;
  if (std::filesystem::is_regular_file(file.value, failure)) return;
  diagnostics.error(file.origin, key + ": there is no file '" + file.value.string() + "'" + nearest_file(file.value));
}

void check_channels(const Node& table, const std::string& key, Diagnostics& diagnostics) {
  const Node* const mean = table.find("mean");
  const Node* const deviation = table.find("deviation");
  if (!mean || !deviation || !mean->is_list() || !deviation->is_list()) return;
  if (mean->items().size() == deviation->items().size()) return;
  diagnostics.error(deviation->origin(), key + ".deviation: expected as many numbers as in mean (" +
                                             std::to_string(mean->items().size()) + "), found " +
                                             std::to_string(deviation->items().size()));
}

// What an ensemble has of its own, as well as a single model.
void read_expectation(const Node& table, ModelSpec& spec) {
  const TableView view(&table);
  spec.expect_accuracy = view.located<double>("expect_accuracy");
  view.read("accuracy_tolerance", spec.accuracy_tolerance);
}

ModelSpec read_model(const Node& table, const ParamSpec& keys, const std::string& key, const ReadContext& context) {
  ModelSpec spec;
  if (auto read = read_component(table, keys, key, context)) spec.model = std::move(read->spec);
  const TableView view(&table);
  if (const auto weights = view.located<std::string>("weights")) {
    spec.weights = Located<std::filesystem::path>{weights->value, weights->origin};
    check_file(*spec.weights, key + ".weights", context.diagnostics);
  }
  if (const auto package = view.located<std::string>(kModelPackage)) {
    check_file({package->value, package->origin}, join_key(key, kModelPackage), context.diagnostics);
  }
  spec.stage = view.located<std::string>("stage");
  read_expectation(table, spec);
  spec.mean = view.list<double>("mean");
  spec.deviation = view.list<double>("deviation");
  check_channels(table, key, context.diagnostics);
  return spec;
}

// A stage that a model comes from runs before, and is its only source.
void check_stage(const ModelSpec& model, const std::string& key, const Surroundings& surroundings,
                 Diagnostics& diagnostics) {
  if (!model.stage) return;
  if (model.weights) {
    diagnostics.error(model.stage->origin, key + ".stage: there are 'weights' too; expected one of the two");
  }
  const std::string& name = model.stage->value;
  const std::vector<std::string>& earlier = surroundings.earlier;
  const auto among = [&name](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (among(earlier)) return;
  const std::string known = earlier.empty() ? "no stage runs" : join(earlier) + (earlier.size() > 1 ? " run" : " runs");
  const std::string what = among(surroundings.later)
                               ? "the stage '" + name + "' does not run before '" + surroundings.stage + "'"
                               : "there is no stage '" + name + "'" + did_you_mean(name, earlier);
  diagnostics.error(model.stage->origin, key + ".stage: " + what + " (before it: " + known + ")");
}

ModelSpec read_source(const Node& table, const ParamSpec& keys, const std::string& key,
                      const Surroundings& surroundings, const ReadContext& context) {
  ModelSpec model = read_model(table, keys, key, context);
  if (!table.find("weights") && !table.find("stage") && !table.find(kModelPackage)) {
    context.diagnostics.error(table.origin(), key + ": the stage '" + surroundings.stage +
                                                  "' needs to know where its teacher comes from; expected 'weights' "
                                                  "(a file) or 'stage' (an earlier stage, whose student it is)");
  }
  check_stage(model, key, surroundings, context.diagnostics);
  return model;
}

// Keys of a single model, which the members of an ensemble have each for themselves.
void check_ensemble_keys(const Node& table, Diagnostics& diagnostics) {
  check_table(key_spec("teacher").fields, table, "teacher", diagnostics);
  for (const char* key : {"use", "library", "weights", "stage", "mean", "deviation"}) {
    if (const Node* const node = table.find(key)) {
      diagnostics.error(node->origin(), std::string("teacher.") + key +
                                            ": goes with a single teacher, and this one has members; "
                                            "say it of each of them");
    }
  }
}

ModelSpec read_ensemble(const Node& table, const Node& members, const Surroundings& surroundings,
                        const ReadContext& context) {
  static const std::map<std::string, Combination> combinations{{"mean_logits", Combination::MeanLogits},
                                                               {"mean_probabilities", Combination::MeanProbabilities},
                                                               {"sum_logits", Combination::SumLogits}};
  ModelSpec ensemble;
  ensemble.model = {.kind = Kind::Model, .key = "teacher", .use = {"ensemble", members.origin()}, .node = table};
  check_ensemble_keys(table, context.diagnostics);
  read_expectation(table, ensemble);
  const auto combine =
      TableView(&table).get<std::string>("combine").value_or(default_of<std::string>("teacher.combine"));
  if (const auto found = combinations.find(combine); found != combinations.end()) ensemble.combine = found->second;
  if (members.entries().empty()) {
    context.diagnostics.error(members.origin(), "teacher.members: expected at least one [teacher.members.<name>]");
  }
  for (const Node::Entry& entry : members.entries()) {
    if (!entry.value.is_table()) continue;
    const std::string key = join_key("teacher.members", entry.key);
    ensemble.members.push_back(
        {entry.key, read_source(entry.value, key_spec("teacher.members.*"), key, surroundings, context)});
  }
  return ensemble;
}

}  // namespace

ModelSpec read_teacher(const Node& table, const Surroundings& surroundings, const ReadContext& context) {
  if (const Node* const members = table.find("members"); members && members->is_table()) {
    return read_ensemble(table, *members, surroundings, context);
  }
  if (const Node* const combine = table.find("combine")) {
    context.diagnostics.error(combine->origin(),
                              "teacher.combine: goes with [teacher.members.<name>], and there are none");
  }
  if (!table.find("use")) {
    context.diagnostics.error(table.origin(),
                              "teacher.use: missing; expected the name of a model, or tables [teacher.members.<name>]");
    return {};
  }
  return read_source(table, key_spec("teacher"), "teacher", surroundings, context);
}

ModelSpec read_student(const Node& table, const StageDraft& draft, const Surroundings& surroundings,
                       const ReadContext& context) {
  ModelSpec student = read_model(table, key_spec(draft.student_spec), draft.student_key, context);
  check_stage(student, draft.student_key, surroundings, context.diagnostics);
  if (const auto seed = TableView(&table).located<std::int64_t>("seed")) {
    student.seed = seed->value;
    if (student.weights || student.stage) {
      context.diagnostics.error(seed->origin, draft.student_key +
                                                  ".seed: is that of initial weights, and these come "
                                                  "from '" +
                                                  (student.weights ? "weights" : "stage") + "'");
    }
  }
  return student;
}

}  // namespace retort::config
