#include "dry_run.hpp"

#include <algorithm>

#include <retort/nearest.hpp>

#include "flop_counter.hpp"
#include "forward.hpp"
#include "memory_meter.hpp"
#include "model_node.hpp"
#include "program/kept_state.hpp"

namespace retort::graph {
namespace {

constexpr std::int64_t kSamples = 2;

std::vector<const torch::nn::Module*> modules_of(const std::vector<TrainedModule>& trained) {
  std::vector<const torch::nn::Module*> modules;
  for (const TrainedModule& one : trained) modules.push_back(one.module);
  return modules;
}

}  // namespace

torch::Tensor sample_images(const Shape& image, at::Generator generator) {
  Shape shape{kSamples};
  shape.insert(shape.end(), image.begin(), image.end());
  return torch::randn(shape, generator);
}

at::Generator dry_run_generator() {
  auto generator = at::detail::createCPUGenerator();
  generator.set_current_seed(0);
  return generator;
}

torch::Tensor sample_target(std::int64_t classes) {
  return torch::arange(kSamples) % classes;
}

bool measure_taps(ModelNode& node, const DatasetInfo& data, const Shape& image, config::Diagnostics& diagnostics) {
  const program::KeptState kept({node.model.get()}, c10::kCPU);
  torch::NoGradGuard no_grad;
  std::vector<std::string> all = node.request.names();
  for (const TapInfo& tap : node.model->taps()) all.push_back(tap.name);
  try {
    node.model->eval();
    const torch::Tensor images = sample_images(image, dry_run_generator());
    const Taps taps = forward_model(node, images, sample_target(data.classes), TapRequest(all));
    for (const auto& [name, tensor] : taps.tensors()) {
      if (tensor.dim() < 1 || tensor.size(0) != kSamples) {
        diagnostics.plugin_error(node.spec.model.use.origin,
                                 node.role + " '" + node.spec.model.use.value + "' hands out tap '" + name +
                                     "' of shape " + shape_text(tensor.sizes()) + " without the batch dimension");
        return false;
      }
      node.taps[name] = tensor.sizes().slice(1).vec();
    }
    for (const TapInfo& tap : node.model->taps()) {
      if (node.taps.contains(tap.name)) continue;
      diagnostics.plugin_error(node.spec.model.use.origin, node.role + " '" + node.spec.model.use.value +
                                                               "' declares the tap '" + tap.name +
                                                               "' but does not compute it");
      return false;
    }
    if (!node.request.names().empty()) {
      const FlopCounter counter;
      forward_model(node, images, sample_target(data.classes), node.request);
      node.flops = counter.count() / kSamples;
    }
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return false;
  }
  const auto logits = node.taps.find("logits");
  if (logits != node.taps.end() && logits->second != Shape{data.classes}) {
    diagnostics.error(node.spec.model.use.origin, node.role + " '" + node.spec.model.use.value + "' has logits of " +
                                                      shape_text(logits->second) + ", but the data set has " +
                                                      std::to_string(data.classes) + " classes");
    return false;
  }
  return true;
}

namespace {

std::int64_t bytes_of(const std::vector<torch::Tensor>& tensors) {
  std::int64_t bytes = 0;
  for (const torch::Tensor& tensor : tensors) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

// `peak`: of a forward and a backward pass over kSamples, which left the gradients behind.
MemoryNeed memory_need(const TrainingGraph& graph, std::int64_t peak) {
  MemoryNeed need;
  std::vector<torch::Tensor> gradients;
  for (const TrainedModule& trained : graph.trained_modules()) {
    need.weights += bytes_of(trained.module->parameters()) + bytes_of(trained.module->buffers());
    for (const torch::Tensor& parameter : trained.module->parameters()) {
      if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    }
  }
  if (graph.teacher) {
    need.weights += bytes_of(graph.teacher->model->parameters()) + bytes_of(graph.teacher->model->buffers());
  }
  need.gradients = bytes_of(gradients);
  const bool sgd = graph.optimizer.kind == config::OptimizerSpec::Kind::Sgd;
  need.optimizer = need.gradients * (sgd ? 1 : 2);
  need.activations = std::max<std::int64_t>(0, peak - need.gradients) * graph.training.batch_size / kSamples;
  return need;
}

}  // namespace

void trace_objective(TrainingGraph& graph, config::Diagnostics& diagnostics) {
  const auto modules = graph.trained_modules();
  const program::KeptState kept(modules_of(modules), c10::kCPU);
  for (const TrainedModule& trained : modules) trained.module->train();
  auto generator = dry_run_generator();
  const MemoryMeter meter;
  const torch::Tensor images = sample_images(graph.image, generator);
  const torch::Tensor target = sample_target(graph.data.classes);
  try {
    std::optional<Taps> teacher;
    if (graph.uses_teacher()) {
      torch::NoGradGuard no_grad;
      graph.teacher->model->eval();
      teacher = forward_model(*graph.teacher, images, target, graph.teacher->request);
    }
    const Taps student = forward_model(graph.student, images, target, graph.student.request);
    const torch::Tensor weights = torch::ones({static_cast<std::int64_t>(graph.terms.size())});
    const Objective objective = evaluate_objective(
        graph, {student, teacher ? &*teacher : nullptr, target, torch::arange(kSamples), 0}, weights);
    if (!objective.total.requires_grad()) {
      diagnostics.error(graph.training.origin,
                        "the objective of stage '" + graph.stage + "' does not depend on any trainable parameter");
      return;
    }
    objective.total.backward();
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return;
  } catch (const c10::Error& error) {
    diagnostics.plugin_error(graph.training.origin, "the backward pass of stage '" + graph.stage +
                                                        "' failed: " + error.what_without_backtrace());
    return;
  }
  graph.memory = memory_need(graph, meter.peak());
  for (const TrainedModule& trained : modules) {
    for (auto& parameter : trained.module->named_parameters()) {
      if (!parameter.value().requires_grad()) continue;
      if (!parameter.value().grad().defined()) graph.unreached.push_back(trained.name + "." + parameter.key());
      parameter.value().mutable_grad().reset();
    }
  }
  if (!graph.unreached.empty()) {
    diagnostics.warn(graph.training.origin, "the objective of stage '" + graph.stage + "' does not reach " +
                                                join(graph.unreached) + ": they keep their initial values");
  }
}

}  // namespace retort::graph
