#include "stage_reader.hpp"

#include <algorithm>
#include <filesystem>

#include <retort/nearest.hpp>

#include "file_hint.hpp"
#include "keys.hpp"
#include "schedule_reader.hpp"
#include "table_view.hpp"
#include "term_reader.hpp"
#include "transform_reader.hpp"
#include "validation.hpp"
#include "variants.hpp"

namespace retort::config {
namespace {

// A table that the stage cannot do without; nullptr when it is missing, which is reported.
const Node* needed_table(const StageDraft& draft, const char* key, Diagnostics& diagnostics) {
  const Node* const table = draft.tables.find(key);
  if (!table) diagnostics.error(draft.origin, "the stage '" + draft.name + "' has no table [" + key + "]");
  return table && table->is_table() ? table : nullptr;
}

DatasetSpec read_dataset(const StageDraft& draft, const ReadContext& context) {
  DatasetSpec spec;
  const Node* const table = needed_table(draft, "dataset", context.diagnostics);
  if (!table) return spec;
  if (auto read = read_component(*table, key_spec("dataset"), "dataset", context)) spec.dataset = std::move(read->spec);
  if (const Node* const list = table->find("transforms")) {
    spec.transforms = read_transforms(*list, "dataset.transforms", context.diagnostics);
  }
  return spec;
}

void check_weights(const Located<std::filesystem::path>& weights, const std::string& key, Diagnostics& diagnostics) {
  std::error_code failure;
  if (std::filesystem::is_regular_file(weights.value, failure)) return;
  diagnostics.error(weights.origin,
                    key + ".weights: there is no file '" + weights.value.string() + "'" + nearest_file(weights.value));
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

ModelSpec read_model(const Node& table, const ParamSpec& keys, const std::string& key, const ReadContext& context) {
  ModelSpec spec;
  if (auto read = read_component(table, keys, key, context)) spec.model = std::move(read->spec);
  const TableView view(&table);
  if (const auto weights = view.located<std::string>("weights")) {
    spec.weights = Located<std::filesystem::path>{weights->value, weights->origin};
    check_weights(*spec.weights, key, context.diagnostics);
  }
  spec.expect_accuracy = view.located<double>("expect_accuracy");
  view.read("accuracy_tolerance", spec.accuracy_tolerance);
  spec.mean = view.list<double>("mean");
  spec.deviation = view.list<double>("deviation");
  check_channels(table, key, context.diagnostics);
  return spec;
}

void check_source(const ModelSpec& teacher, const Node& table, const StageDraft& draft,
                  const std::vector<std::string>& earlier, const std::vector<std::string>& later,
                  Diagnostics& diagnostics) {
  if (!teacher.stage) {
    if (!table.find("weights") && !table.find("stage")) {
      diagnostics.error(table.origin(), "teacher: the stage '" + draft.name +
                                            "' needs to know where its teacher comes from; expected 'weights' (a file) "
                                            "or 'stage' (an earlier stage, whose student it is)");
    }
    return;
  }
  if (teacher.weights) {
    diagnostics.error(teacher.stage->origin, "teacher.stage: the teacher has 'weights' too; expected one of the two");
  }
  const std::string& name = teacher.stage->value;
  const auto among = [&name](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (among(earlier)) return;
  const std::string known = earlier.empty() ? "no stage runs" : join(earlier) + (earlier.size() > 1 ? " run" : " runs");
  const std::string what = among(later) ? "the stage '" + name + "' does not run before '" + draft.name + "'"
                                        : "there is no stage '" + name + "'" + did_you_mean(name, earlier);
  diagnostics.error(teacher.stage->origin, "teacher.stage: " + what + " (before it: " + known + ")");
}

std::vector<TermSpec> read_objective(const StageDraft& draft, const ReadContext& context) {
  const Node* const table = draft.tables.find("loss");
  if (!table || (table->is_table() && table->entries().empty())) {
    context.diagnostics.error(table ? table->origin() : draft.origin, "the stage '" + draft.name +
                                                                          "' has no objective; expected at least one "
                                                                          "table [loss.<name>]");
    return {};
  }
  const Node* const teacher = draft.tables.find("teacher");
  auto terms = read_terms(*table, {draft.name, draft.loss_key, teacher != nullptr}, context);
  const bool all_read = table->is_table() && terms.size() == table->entries().size();
  const auto looks_at_teacher = [](const ReadTerm& read) { return read.looks_at_teacher; };
  if (teacher && all_read && std::none_of(terms.begin(), terms.end(), looks_at_teacher)) {
    context.diagnostics.warn(teacher->origin(), "the stage '" + draft.name + "' has a teacher that no loss looks at");
  }
  std::vector<TermSpec> specs;
  for (ReadTerm& read : terms) specs.push_back(std::move(read.term));
  return specs;
}

void read_betas(const Node* table, OptimizerSpec& optimizer, Diagnostics& diagnostics) {
  const Node* const node = table ? table->find("betas") : nullptr;
  if (!node || !node->is_list()) return;
  if (const std::size_t found = node->items().size(); found != 2) {
    diagnostics.error(node->origin(), "optimizer.betas: expected two numbers, found " + std::to_string(found));
    return;
  }
  optimizer.beta1 = scalar_as<double>(node->items()[0]).value_or(optimizer.beta1);
  optimizer.beta2 = scalar_as<double>(node->items()[1]).value_or(optimizer.beta2);
}

OptimizerSpec read_optimizer(const StageDraft& draft, Diagnostics& diagnostics) {
  OptimizerSpec optimizer;
  const Node* const table = draft.tables.find("optimizer");
  const TableView view(table);
  optimizer.origin = table ? table->origin() : draft.origin;
  const Variant& variant = read_variant(table, optimizer_variants(), "optimizer", diagnostics);
  optimizer.kind = variant.use == "adamw" ? OptimizerSpec::Kind::AdamW : OptimizerSpec::Kind::Sgd;
  if (optimizer.kind == OptimizerSpec::Kind::AdamW && !view.find("lr")) {
    diagnostics.error(optimizer.origin,
                      "optimizer.lr: missing; the default of " + to_toml(Value(optimizer.lr)) + " is for \"sgd\"");
  }
  view.read("lr", optimizer.lr);
  view.read("momentum", optimizer.momentum);
  view.read("nesterov", optimizer.nesterov);
  if (optimizer.nesterov && optimizer.momentum == 0) {
    diagnostics.error(view.find("nesterov")->origin(), "optimizer.nesterov: needs a momentum greater than 0, found 0");
  }
  read_betas(table, optimizer, diagnostics);
  view.read("eps", optimizer.eps);
  view.read("weight_decay", optimizer.weight_decay);
  view.read("decay_1d", optimizer.decay_1d);
  optimizer.clip_norm = view.get<double>("clip_norm");
  return optimizer;
}

TrainingSpec read_training(const StageDraft& draft, double lr, Diagnostics& diagnostics) {
  TrainingSpec training;
  const Node* const table = draft.tables.find("schedule");
  const TableView view(table);
  training.origin = table ? table->origin() : draft.origin;
  view.read("epochs", training.epochs);
  view.read("batch_size", training.batch_size);
  view.read("drop_last", training.drop_last);
  training.max_steps = view.get<std::int64_t>("max_steps");
  view.read("evaluate_every", training.evaluate_every);
  const Node* const shape = view.find("lr");
  training.lr = read_schedule(shape, lr, "schedule.lr", shape ? shape->origin() : training.origin, diagnostics);
  return training;
}

}  // namespace

StageSpec read_stage(const StageDraft& draft, const std::vector<std::string>& earlier,
                     const std::vector<std::string>& later, const ReadContext& context) {
  StageSpec stage{.name = draft.name, .after = draft.after, .origin = draft.origin};
  stage.dataset = read_dataset(draft, context);
  if (const Node* const teacher = draft.tables.find("teacher"); teacher && teacher->is_table()) {
    stage.teacher = read_model(*teacher, key_spec("teacher"), "teacher", context);
    stage.teacher->stage = TableView(teacher).located<std::string>("stage");
    check_source(*stage.teacher, *teacher, draft, earlier, later, context.diagnostics);
  }
  if (const Node* const student = needed_table(draft, "student", context.diagnostics)) {
    stage.student = read_model(*student, key_spec(draft.student_key), draft.student_key, context);
  }
  stage.terms = read_objective(draft, context);
  stage.optimizer = read_optimizer(draft, context.diagnostics);
  stage.training = read_training(draft, stage.optimizer.lr, context.diagnostics);
  return stage;
}

}  // namespace retort::config
