#include "stage_reader.hpp"

#include <algorithm>
#include <filesystem>

#include <retort/nearest.hpp>

#include "dataset_reader.hpp"
#include "keys.hpp"
#include "model_reader.hpp"
#include "schedule_reader.hpp"
#include "table_view.hpp"
#include "term_reader.hpp"
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
  optimizer.kind = variant.use == "adamw"  ? OptimizerSpec::Kind::AdamW
                   : variant.use == "adam" ? OptimizerSpec::Kind::Adam
                                           : OptimizerSpec::Kind::Sgd;
  if (optimizer.kind != OptimizerSpec::Kind::Sgd && !view.find("lr")) {
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
  training.stop_at_accuracy = view.get<double>("stop_at_accuracy");
  training.skip_limit = TableView(view.find("on_divergence")).get<std::int64_t>("skip");
  const Node* const shape = view.find("lr");
  training.lr = read_schedule(shape, lr, "schedule.lr", shape ? shape->origin() : training.origin, diagnostics);
  return training;
}

}  // namespace

StageSpec read_stage(const StageDraft& draft, const std::vector<std::string>& earlier,
                     const std::vector<std::string>& later, const ReadContext& context) {
  StageSpec stage{.name = draft.name, .after = draft.after, .seed = draft.seed, .origin = draft.origin};
  if (const Node* const dataset = needed_table(draft, "dataset", context.diagnostics)) {
    stage.dataset = read_dataset(*dataset, context);
  }
  const Surroundings surroundings{draft.name, earlier, later};
  if (const Node* const teacher = draft.tables.find("teacher"); teacher && teacher->is_table()) {
    stage.teacher = read_teacher(*teacher, surroundings, context);
  }
  if (const Node* const student = needed_table(draft, "student", context.diagnostics)) {
    stage.student = read_student(*student, draft, surroundings, context);
  }
  stage.terms = read_objective(draft, context);
  stage.optimizer = read_optimizer(draft, context.diagnostics);
  stage.training = read_training(draft, stage.optimizer.lr, context.diagnostics);
  return stage;
}

}  // namespace retort::config
