#include "step_executor.hpp"

#include <algorithm>
#include <unordered_set>

#include "data/sampler.hpp"
#include "graph/forward.hpp"

namespace retort::engine {

std::vector<NamedParameter> trained_parameters(const graph::TrainingGraph& graph) {
  std::vector<NamedParameter> parameters;
  std::unordered_set<const void*> seen;  // weights tied between modules are one parameter
  for (const graph::TrainedModule& trained : graph.trained_modules()) {
    for (const auto& parameter : trained.module->named_parameters()) {
      const std::string name = trained.name + "." + parameter.key();
      const bool reached = std::find(graph.unreached.begin(), graph.unreached.end(), name) == graph.unreached.end();
      const bool trainable = parameter.value().requires_grad() && reached;
      if (trainable && seen.insert(parameter.value().unsafeGetTensorImpl()).second) {
        parameters.push_back({name, parameter.value()});
      }
    }
  }
  return parameters;
}

namespace {

// Moves the modules and freezes the teacher, before anything keeps one of their tensors.
const graph::TrainingGraph& settled(const graph::TrainingGraph& graph, c10::Device device) {
  for (const graph::TrainedModule& trained : graph.trained_modules()) trained.module->to(device);
  if (graph.teacher) {
    graph.teacher->model->to(device);
    graph.teacher->model->eval();
    for (auto& parameter : graph.teacher->model->parameters()) parameter.set_requires_grad(false);
  }
  return graph;
}

}  // namespace

StepExecutor::StepExecutor(graph::TrainingGraph& graph, c10::Device device, c10::ScalarType type, StepValues& values,
                           DeviceGraphFactory capture, StepSharing sharing)
    : graph_(graph),
      device_(device),
      values_(values),
      student_input_(graph.student.input.mean, graph.student.input.deviation, device),
      student_(settled(graph, device).student, /*trained=*/true, device, type, graph.engine),
      sharing_(std::move(sharing)),
      capture_(std::move(capture)) {
  if (graph.teacher) {
    teacher_input_.emplace(graph.teacher->input.mean, graph.teacher->input.deviation, device);
    teacher_.emplace(*graph.teacher, /*trained=*/false, device, type, graph.engine);
  }
  optimizer_ = make_optimizer(graph.optimizer, trained_parameters(graph));
  optimizer_->keep_copies([this](const torch::Tensor& parameter) { return student_.copy_of(parameter); });
}

torch::Tensor StepExecutor::images(const data::Source& source, const data::Draw& draw, const data::Normalize& normalize,
                                   const ModelRunner& runner) const {
  const auto make = [&] { return source.images(draw, normalize, runner.input_type(), runner.format()); };
  return sharing_.common ? sharing_.common->images(normalize, runner.input_type(), runner.format(), make) : make();
}

StepData StepExecutor::gather(const data::Source& source, data::Draw draw) const {
  data::Batch batch = source.batch(draw);
  torch::Tensor made = images(source, draw, student_input_, student_);
  return {source, std::move(draw), std::move(batch), std::move(made)};
}

StepData StepExecutor::gather(const data::Source& source, const torch::Tensor& indices, std::int64_t epoch) const {
  if (sharing_.common) sharing_.common->begin_batch(source, indices, epoch);
  return gather(source, source.draw(indices, epoch));
}

Taps StepExecutor::student_taps(const StepData& data) {
  return student_.run(data.images, data.batch.target);
}

// The teacher computes the samples that the cache lacks.
torch::Tensor StepExecutor::cached_logits(const StepData& data) {
  const auto compute = [&](const torch::Tensor& rows) {
    const torch::Tensor target = data.batch.target.index_select(0, rows.to(device_));
    const torch::Tensor missing =
        data.source.images(data.draw.rows(rows), *teacher_input_, teacher_->input_type(), teacher_->format());
    return teacher_->run(missing, target).at("logits");
  };
  return sharing_.logit_cache->logits(data.source.entries(data.draw), compute).to(device_);
}

Taps StepExecutor::own_teacher_taps(const StepData& data) {
  const bool same = *teacher_input_ == student_input_ && teacher_->input_type() == student_.input_type() &&
                    teacher_->format() == student_.format();
  return teacher_->run(same ? data.images : images(data.source, data.draw, *teacher_input_, *teacher_),
                       data.batch.target);
}

// Empty when they are not, to the bit, what this trainer's own teacher computes: the taps that others ask for may keep
// operators from being fused. The first batch of each size tells, and again when there are more taps.
std::optional<Taps> StepExecutor::common_teacher_taps(const StepData& data) {
  const auto [agrees, first] =
      common_teacher_agrees_.try_emplace({data.images.size(0), CommonWork::tap_count(*sharing_.teacher)}, true);
  if (!agrees->second) return std::nullopt;
  const auto make = [&] { return images(data.source, data.draw, *teacher_input_, *teacher_); };
  Taps taps = sharing_.common->teacher_taps(*sharing_.teacher, graph_.teacher->request, make, data.batch.target);
  if (!first) return taps;
  const Taps own = own_teacher_taps(data);
  for (const auto& [name, tensor] : own.tensors()) agrees->second = agrees->second && tensor.equal(taps.at(name));
  if (agrees->second) return taps;
  values_.log(registry::LogLevel::Info, "engine",
              "the teacher is computed apart for this run: asked for other runs' taps too, it rounds otherwise");
  return std::nullopt;
}

std::optional<Taps> StepExecutor::teacher_taps(const StepData& data) {
  if (!graph_.uses_teacher()) return std::nullopt;
  const torch::NoGradGuard no_grad;
  if (sharing_.logit_cache) {
    Taps taps(graph_.teacher->request);
    taps.put("logits", cached_logits(data));
    return taps;
  }
  if (sharing_.teacher) {
    if (auto taps = common_teacher_taps(data)) return taps;
  }
  return own_teacher_taps(data);
}

namespace {

// [terms] float32 on the CPU.
torch::Tensor weights_of(const StepSettings& settings) {
  return torch::tensor(std::vector<double>(settings.weights.begin(), settings.weights.end()), torch::kFloat);
}

}  // namespace

StepExecutor::Inputs StepExecutor::inputs_of(const data::Source& source, const StepSettings& settings) const {
  // The fused operators of the GPU read a rate in single precision.
  const torch::Tensor lr = torch::scalar_tensor(settings.lr, device_.is_cpu() ? torch::kDouble : torch::kFloat);
  return {source.draw(settings.indices(), settings.epoch), lr.to(device_), weights_of(settings).to(device_)};
}

namespace {

// StepResult::counts.
torch::Tensor counts_of(const StepResult& result, const torch::Tensor& target, bool withholds) {
  const auto samples = static_cast<double>(target.size(0));
  std::vector<torch::Tensor> values{result.total};
  values.insert(values.end(), result.terms.begin(), result.terms.end());
  const torch::Tensor none = torch::zeros({}, target.options().dtype(torch::kDouble));
  const torch::Tensor all = torch::full_like(none, samples);
  const torch::Tensor labelled = withholds ? target.ne(kWithheldLabel).sum().to(torch::kDouble) : all;
  const torch::Tensor correct = result.correct.defined() ? result.correct.to(torch::kDouble) : none;
  return torch::cat({torch::stack(values).to(torch::kDouble) * samples, torch::stack({correct, labelled, all, none})});
}

}  // namespace

StepResult StepExecutor::compute(const data::Source& source, const Inputs& inputs, std::int64_t step,
                                 bool measure_gradient) {
  clock_.begin(Phase::Data);
  const StepData data = gather(source, inputs.draw);
  const data::Batch& batch = data.batch;

  if (graph_.uses_teacher()) clock_.begin(Phase::Teacher);
  const std::optional<Taps> teacher = teacher_taps(data);

  clock_.begin(Phase::Student);
  const Taps student = student_taps(data);

  clock_.begin(Phase::Loss);
  graph::Objective objective = graph::evaluate_objective(
      graph_, {student, teacher ? &*teacher : nullptr, batch.target, batch.index, step}, inputs.weights);

  clock_.begin(Phase::Backward);
  objective.total.backward();

  clock_.begin(Phase::Optimizer);
  StepResult result{.total = objective.total.detach()};
  if (graph_.optimizer.clip_norm) {
    result.gradient_norm = clip_norm(optimizer_->gradients(), *graph_.optimizer.clip_norm);
  } else if (measure_gradient) {
    result.gradient_norm = total_norm(optimizer_->gradients());
  }
  optimizer_->step(inputs.lr);
  optimizer_->zero_grad();
  for (const torch::Tensor& term : objective.terms) result.terms.push_back(term.detach());
  if (student.contains("logits")) {
    result.correct = student.at("logits").detach().argmax(1).eq(batch.target).sum();
  }
  result.counts = counts_of(result, batch.target, source.withholds());
  clock_.end();
  return result;
}

StepResult StepExecutor::step(const data::Source& source, const StepSettings& settings) {
  if (capture_) return replayed(source, settings);
  if (sharing_.common) sharing_.common->begin_batch(source, settings.indices(), settings.epoch);
  return compute(source, inputs_of(source, settings), settings.step, settings.measure_gradient);
}

// Nothing is sent to the device but at the beginning of an epoch, and after a step that was not one of the order's.
void StepExecutor::go_to(const data::Source& source, const StepSettings& settings) {
  if (place_.epoch != settings.epoch) {
    const data::Draw draw = source.draw(settings.indices(), settings.epoch);
    if (!place_.order.defined()) {
      place_ = {.order = settings.order.to(device_, /*non_blocking=*/false, /*copy=*/true),
                .first = torch::zeros({}, torch::TensorOptions().dtype(torch::kInt64).device(device_)),
                .key = draw.key.clone()};
    } else {
      place_.order.copy_(settings.order, /*non_blocking=*/true);
      place_.key.copy_(draw.key, /*non_blocking=*/true);
    }
    place_.epoch = settings.epoch;
  }
  if (place_.next != settings.first) place_.first.fill_(settings.first);
  place_.next = settings.first + settings.size;
}

StepResult StepExecutor::replayed(const data::Source& source, const StepSettings& settings) {
  constexpr int kWarmUps = 3;
  Captured& captured = captured_[{settings.size, settings.measure_gradient}];
  go_to(source, settings);
  const auto work = [&] {
    captured.inputs.draw.index = data::indices_from(place_.order, place_.first, settings.size);
    captured.result = compute(source, captured.inputs, settings.step, settings.measure_gradient);
    place_.first.add_(settings.size);
  };
  if (!captured.graph) {
    captured.graph = capture_();
    captured.inputs = inputs_of(source, settings);
    captured.inputs.draw.key = place_.key;
  } else {
    if (captured.lr != settings.lr) captured.inputs.lr.fill_(settings.lr);
    if (!std::equal(settings.weights.begin(), settings.weights.end(), captured.weights.begin())) {
      captured.inputs.weights.copy_(weights_of(settings), /*non_blocking=*/true);
    }
  }
  captured.lr = settings.lr;
  captured.weights.assign(settings.weights.begin(), settings.weights.end());
  if (captured.warm_ups < kWarmUps) {
    ++captured.warm_ups;
    captured.graph->warm_up(work);
    return captured.result;
  }
  if (!captured.ready) {
    try {
      auto reported = values_.take();
      captured.graph->capture(work);
      captured.reported = values_.take();
      values_.replace(std::move(reported));
      captured.ready = true;
    } catch (const c10::Error& error) {
      values_.log(registry::LogLevel::Warning, "engine",
                  std::string("steps are not replayed: ") + error.what_without_backtrace());
      optimizer_->zero_grad();
      captured_.clear();
      place_ = {};
      capture_ = {};
      return step(source, settings);
    }
  }
  captured.graph->replay();
  if (!captured.reported.empty()) values_.replace(captured.reported);
  return captured.result;
}

}  // namespace retort::engine
