#include "trainer.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include <retort/nearest.hpp>

#include "diagnostics/undisturbed.hpp"
#include "graph/assembly.hpp"
#include "graph/forward.hpp"
#include "schedule.hpp"
#include "weights/state.hpp"

namespace retort::engine {
namespace {

std::shared_ptr<CommonWork::Teacher> join_others(const graph::TrainingGraph& graph,
                                                 const StageTrainer::Options& options) {
  if (!options.common || !graph.teacher) return nullptr;
  return options.common->join(options.teacher_name, *graph.teacher, options.device, options.type, graph.engine);
}

}  // namespace

StageTrainer::StageTrainer(graph::TrainingGraph& graph, const data::Source& train, const data::Source& test,
                           StepValues& values, const Options& options, StageObserver& observer)
    : graph_(graph),
      train_(train),
      test_(test),
      values_(values),
      options_(options),
      observer_(observer),
      common_teacher_(join_others(graph, options)),
      executor_(graph, options.device, options.type, values, options.capture,
                {.logit_cache = options.logit_cache, .common = options.common, .teacher = common_teacher_}),
      sampler_(train.size(), graph.training.batch_size, graph.seed, graph.training.drop_last),
      sampler_ahead_(sampler_) {
  for (const graph::TrainedModule& trained : graph_.trained_modules()) trained.module->train();
  torch::manual_seed(graph::seed_for(graph.seed, "stage." + graph.stage));
  if (graph.teacher) teacher_hash_ = weights::state_hash(*graph.teacher->model);
  for (const graph::TrainedModule& projector : graph.projectors()) {
    if (!projector.module->parameters().empty())
      projector_hashes_[projector.name] = weights::state_hash(*projector.module);
  }
  const auto counters = static_cast<std::int64_t>(graph.terms.size()) + 5;
  sums_ = torch::zeros({counters}, torch::TensorOptions().dtype(torch::kDouble).device(options.device));
  sums_read_ = torch::zeros({counters}, torch::kDouble);
  if (graph.training.skip_limit) {
    rollback_.emplace(changing_tensors());
    skipped_step_ = torch::zeros_like(sums_);
    skipped_step_[-1] = 1.0;
  }
}

// Parameters, statistics and memories of what is trained, and what the optimizer remembers.
std::vector<torch::Tensor> StageTrainer::changing_tensors() const {
  std::vector<torch::Tensor> tensors;
  for (const graph::TrainedModule& trained : graph_.trained_modules()) {
    for (const auto& [name, tensor] : weights::state_dict(*trained.module)) tensors.push_back(tensor);
  }
  for (const auto& [name, tensor] : executor_.optimizer().state()) tensors.push_back(tensor);
  return tensors;
}

torch::Tensor StageTrainer::weights_finite() const {
  std::vector<torch::Tensor> weights;
  for (const ParameterGroup& group : executor_.optimizer().groups()) {
    for (const NamedParameter& parameter : group.parameters) weights.push_back(parameter.tensor.detach());
  }
  return all_finite(weights);
}

// Takes back the last step unless objective and weights are finite. A boolean scalar on the device.
torch::Tensor StageTrainer::settle_step() {
  const torch::Tensor finite = last_step_.total.isfinite().logical_and(weights_finite());
  rollback_->settle(finite);
  executor_.parameters_changed();
  return finite;
}

// The last update may have spoilt the weights of a step whose objective was finite: such a state is not saved.
void StageTrainer::save(bool stopping) const {
  if (!weights_finite().item<bool>()) {
    throw Diverged("stage '" + graph_.stage + "' diverged: a weight is not finite after step " +
                   std::to_string(position_.step) +
                   "; a lower optimizer.lr, optimizer.clip_norm or a warm-up may help");
  }
  observer_.save_point(position_, stopping);
}

std::int64_t StageTrainer::total_steps() const {
  const std::int64_t steps = graph_.training.epochs * sampler_.batches_per_epoch();
  return graph_.training.max_steps ? std::min(steps, *graph_.training.max_steps) : steps;
}

bool StageTrainer::finished() const {
  return ended_ || position_.step >= total_steps();
}

double StageTrainer::epochs_done() const {
  return static_cast<double>(position_.step) / static_cast<double>(sampler_.batches_per_epoch());
}

std::vector<double> StageTrainer::term_weights() const {
  std::vector<double> weights;
  for (const graph::Term& term : graph_.terms)
    weights.push_back(value_at(term.weight, epochs_done(), graph_.training.epochs));
  return weights;
}

std::vector<ParameterValue> StageTrainer::scheduled_parameters() const {
  std::vector<ParameterValue> values;
  for (std::size_t i = 0; i < graph_.terms.size(); ++i) {
    for (const auto& [parameter, schedule] : graph_.terms[i].schedules) {
      values.push_back({i, parameter, value_at(schedule, epochs_done(), graph_.training.epochs)});
    }
  }
  return values;
}

void StageTrainer::set_scheduled_parameters() {
  for (const auto& [term, parameter, value] : scheduled_parameters()) {
    graph::set_parameter(graph_.terms[term], parameter, value);
  }
}

// Batches follow one another through the epochs as the steps do, unless an epoch is ended early, which ends the stage.
void StageTrainer::announce_batches() {
  if (train_.lookahead() == 0) return;
  const std::int64_t per_epoch = sampler_.batches_per_epoch();
  const std::int64_t now = position_.epoch * per_epoch + position_.batch;
  const std::int64_t end = std::min(now + 1 + train_.lookahead(), total_steps());
  for (announced_ = std::max(announced_, now); announced_ < end; ++announced_) {
    if (options_.common && !options_.common->first_to_announce(train_, graph_.stage, announced_)) continue;
    train_.announce(sampler_ahead_.indices(announced_ / per_epoch, announced_ % per_epoch));
  }
}

// On the batch that the step to come trains on, with the weights that it starts from.
void StageTrainer::diagnose_next_step() {
  const std::int64_t every = options_.diagnose_every;
  if (every == 0 || (position_.step + 1) % every != 0) return;
  const Undisturbed undisturbed(graph_, options_.device, values_);
  set_scheduled_parameters();
  const torch::Tensor indices = sampler_.indices(position_.epoch, position_.batch);
  const StepData data = executor_.gather(train_, indices, position_.epoch);
  const std::optional<Taps> teacher = executor_.teacher_taps(data);
  const Taps student = executor_.student_taps(data);
  diagnosis_ =
      diagnose(graph_, {student, teacher ? &*teacher : nullptr, data.batch.target, data.batch.index, position_.step});
}

void StageTrainer::evaluate_teacher() {
  if (!graph_.teacher || teacher_evaluation_) return;
  const auto measure = [this] {
    return evaluate(*graph_.teacher, test_, {.type = options_.type, .keep_logits = true});
  };
  teacher_evaluation_ =
      common_teacher_ ? options_.common->teacher_evaluation(*common_teacher_, test_, measure) : measure();
}

StageResult StageTrainer::run(const std::atomic<bool>& stop) {
  evaluate_teacher();
  while (!finished()) {
    if (stop) return suspend();
    advance();
  }
  return finish();
}

void StageTrainer::advance() {
  if (!step()) return;
  if (position_.epoch % graph_.training.evaluate_every == 0 || finished()) evaluate_student();
  save(false);
}

StageResult StageTrainer::suspend() {
  save(true);
  return {.best_top1 = best_top1_};
}

StageResult StageTrainer::finish() {
  if (position_.batch != 0) evaluate_student();
  // Resumed behind the last epoch: the earlier sitting has told of its evaluation.
  if (!student_evaluation_) student_evaluation_ = measure_student();
  check_teacher_unchanged();
  check_projectors_moved();
  return {.finished = true, .last = *student_evaluation_, .best_top1 = best_top1_};
}

bool StageTrainer::step() {
  announce_batches();
  diagnose_next_step();
  const auto started = std::chrono::steady_clock::now();
  executor_.clock().reset();
  const double lr = value_at(graph_.training.lr, epochs_done(), graph_.training.epochs);
  const bool will_read = (position_.step + 1) % options_.read_every == 0 || diagnosis_.has_value();
  set_scheduled_parameters();
  if (rollback_) rollback_->remember();
  const std::vector<double> weights = term_weights();
  const auto [first, size] = sampler_.range(position_.batch);
  last_step_ = executor_.step(train_, {.order = sampler_.order(position_.epoch),
                                       .first = first,
                                       .size = size,
                                       .epoch = position_.epoch,
                                       .step = position_.step,
                                       .lr = lr,
                                       .weights = weights,
                                       .measure_gradient = will_read});
  samples_ += size;
  sums_ += rollback_ ? torch::where(settle_step(), last_step_.counts, skipped_step_) : last_step_.counts;

  ++position_.batch;
  ++position_.step;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  step_times_.push_back({elapsed.count(), executor_.clock().seconds()});

  const bool epoch_over = position_.batch == sampler_.batches_per_epoch();
  if (will_read || epoch_over || finished()) read_device();
  if (!epoch_over) return false;
  const std::optional<double> accuracy = means(sums_read_).accuracy;
  ended_ = graph_.training.stop_at_accuracy && accuracy >= graph_.training.stop_at_accuracy;
  position_ = {position_.epoch + 1, 0, position_.step};
  sums_.zero_();
  sums_read_.zero_();
  return true;
}

Means StageTrainer::means(const torch::Tensor& sums) const {
  const double* value = sums.data_ptr<double>();
  const std::size_t terms = graph_.terms.size();
  const double labelled = value[terms + 2];
  const double samples = value[terms + 3];
  Means means{.loss = value[0] / samples};
  for (std::size_t i = 0; i < terms; ++i) means.terms.push_back(value[1 + i] / samples);
  if (last_step_.correct.defined() && labelled > 0) means.accuracy = value[terms + 1] / labelled;
  return means;
}

// The one place where values travel from the device to the host while training: one copy for all of them.
void StageTrainer::read_device() {
  const auto reported = values_.take();
  std::vector<torch::Tensor> values{sums_};
  if (last_step_.gradient_norm.defined()) values.push_back(last_step_.gradient_norm.reshape({1}).to(torch::kDouble));
  for (const auto& [key, tensor] : reported) values.push_back(tensor.reshape({1}).to(sums_.device(), torch::kDouble));
  const torch::Tensor host = torch::cat(values).cpu();

  const torch::Tensor sums = host.slice(0, 0, sums_.size(0));
  const torch::Tensor recent = sums - std::exchange(sums_read_, sums);
  Reading reading{.position = position_,
                  .epochs = graph_.training.epochs,
                  .batches_per_epoch = sampler_.batches_per_epoch(),
                  .total_steps = total_steps(),
                  .recent = means(recent),
                  .epoch = means(sums),
                  .weights = term_weights(),
                  .parameters = scheduled_parameters(),
                  .learning_rate = value_at(graph_.training.lr, epochs_done(), graph_.training.epochs),
                  .samples = std::exchange(samples_, 0),
                  .skipped = static_cast<std::int64_t>(recent[-1].item<double>()),
                  .steps = std::exchange(step_times_, {}),
                  .diagnosis = std::exchange(diagnosis_, std::nullopt)};
  const double* value = host.data_ptr<double>() + sums_.size(0);
  if (last_step_.gradient_norm.defined()) reading.gradient_norm = *value++;
  if (options_.logit_cache) reading.logit_cache = options_.logit_cache->take_counts();
  for (const auto& [key, tensor] : reported) reading.reported[key] = *value++;
  skipped_ += reading.skipped;
  observer_.read(reading);
  rollback_ ? check_skipped() : check_finite(reading.recent);
}

void StageTrainer::check_finite(const Means& recent) const {
  if (std::isfinite(recent.loss)) return;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < recent.terms.size(); ++i) {
    if (!std::isfinite(recent.terms[i])) names.push_back(graph_.terms[i].spec.key);
  }
  throw Diverged("stage '" + graph_.stage + "' diverged: the objective is not finite at step " +
                 std::to_string(position_.step) + (names.empty() ? "" : " (" + join(names) + ")") +
                 "; a lower optimizer.lr, optimizer.clip_norm or a warm-up may help");
}

void StageTrainer::check_skipped() const {
  const std::int64_t limit = *graph_.training.skip_limit;
  if (skipped_ <= limit) return;
  throw Diverged("stage '" + graph_.stage + "' diverged: up to step " + std::to_string(position_.step) + ", " +
                 std::to_string(skipped_) + " steps were not finite; schedule.on_divergence allows " +
                 std::to_string(limit));
}

Evaluation StageTrainer::measure_student() const {
  const torch::Tensor teacher = teacher_evaluation_ ? teacher_evaluation_->logits : torch::Tensor();
  return evaluate(graph_.student, test_, {.type = options_.type, .teacher_logits = teacher});
}

void StageTrainer::evaluate_student() {
  observer_.evaluating();
  student_evaluation_ = measure_student();
  best_top1_ = std::max(best_top1_, student_evaluation_->top1);
  observer_.evaluated(position_, *student_evaluation_);
}

void StageTrainer::check_teacher_unchanged() const {
  if (graph_.teacher && weights::state_hash(*graph_.teacher->model) != teacher_hash_) {
    throw TeacherChanged("the teacher of stage '" + graph_.stage +
                         "' changed while the student was trained: its parameters or "
                         "buffers are not those it started with");
  }
}

void StageTrainer::check_projectors_moved() const {
  if (position_.step == 0) return;
  for (const graph::TrainedModule& projector : graph_.projectors()) {
    const auto before = projector_hashes_.find(projector.name);
    if (before != projector_hashes_.end() && before->second == weights::state_hash(*projector.module)) {
      throw Error(projector.name + " did not move in stage '" + graph_.stage +
                  "': its weights are those it started with");
    }
  }
}

}  // namespace retort::engine
