#include "executor.hpp"

#include <algorithm>
#include <unordered_set>

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

EagerExecutor::EagerExecutor(graph::TrainingGraph& graph, c10::Device device, c10::ScalarType type)
    : graph_(graph),
      device_(device),
      type_(type),
      student_input_(graph.student.input.mean, graph.student.input.deviation, device) {
  for (const graph::TrainedModule& trained : graph.trained_modules()) trained.module->to(device);
  if (graph.teacher) {
    graph.teacher->model->to(device);
    graph.teacher->model->eval();
    for (auto& parameter : graph.teacher->model->parameters()) parameter.set_requires_grad(false);
    teacher_input_.emplace(graph.teacher->input.mean, graph.teacher->input.deviation, device);
  }
  optimizer_ = make_optimizer(graph.optimizer, trained_parameters(graph));
}

Taps EagerExecutor::forward(const graph::ModelNode& node, const data::Normalize& normalize,
                            const data::Batch& batch) const {
  const Autocast autocast(device_.type(), type_);
  return graph::forward_model(node, normalize(batch.images), batch.target, node.request);
}

namespace {

// Losses are computed in single precision whatever the models compute in.
Taps in_single_precision(const Taps& taps, const TapRequest& request) {
  Taps converted(request);
  for (const auto& [name, tensor] : taps.tensors()) converted.put(name, tensor.to(torch::kFloat));
  return converted;
}

}  // namespace

Taps EagerExecutor::student_taps(const data::Batch& batch) const {
  return in_single_precision(forward(graph_.student, student_input_, batch), graph_.student.request);
}

std::optional<Taps> EagerExecutor::teacher_taps(const data::Batch& batch) const {
  if (!graph_.uses_teacher()) return std::nullopt;
  const torch::NoGradGuard no_grad;
  return in_single_precision(forward(*graph_.teacher, *teacher_input_, batch), graph_.teacher->request);
}

StepResult EagerExecutor::step(const data::ResidentSource& source, const torch::Tensor& indices, std::int64_t epoch,
                               std::int64_t step, double lr, std::span<const double> weights, bool measure_gradient) {
  clock_.begin(Phase::Data);
  const data::Batch batch = source.batch(source.draw(indices, epoch));

  if (graph_.uses_teacher()) clock_.begin(Phase::Teacher);
  const std::optional<Taps> teacher = teacher_taps(batch);

  clock_.begin(Phase::Student);
  const Taps student = student_taps(batch);

  clock_.begin(Phase::Loss);
  graph::Objective objective = graph::evaluate_objective(
      graph_, {student, teacher ? &*teacher : nullptr, batch.target, batch.index, step}, weights);

  clock_.begin(Phase::Backward);
  objective.total.backward();

  clock_.begin(Phase::Optimizer);
  StepResult result{.total = objective.total.detach()};
  if (graph_.optimizer.clip_norm) {
    result.gradient_norm = clip_norm(optimizer_->gradients(), *graph_.optimizer.clip_norm);
  } else if (measure_gradient) {
    result.gradient_norm = total_norm(optimizer_->gradients());
  }
  optimizer_->step(lr);
  optimizer_->zero_grad();
  for (const torch::Tensor& term : objective.terms) result.terms.push_back(term.detach());
  if (student.contains("logits")) {
    result.correct = student.at("logits").detach().argmax(1).eq(batch.target).sum();
    if (source.withholds()) result.labelled = batch.target.ne(kWithheldLabel).sum();
  }
  clock_.end();
  return result;
}

}  // namespace retort::engine
