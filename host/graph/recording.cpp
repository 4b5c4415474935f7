#include "recording.hpp"

#include <algorithm>

#include "dry_run.hpp"
#include "forward.hpp"
#include "program/compile.hpp"
#include "program/interpreter.hpp"
#include "program/kept_state.hpp"

namespace retort::graph {
namespace {

program::Outputs outputs_of(const ModelNode& node, const torch::Tensor& images, const torch::Tensor& target) {
  const Taps taps = forward_model(node, images, target, node.request);
  return {taps.tensors().begin(), taps.tensors().end()};
}

bool same(const program::Outputs& a, const program::Outputs& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.sizes() == other.second.sizes() &&
           torch::allclose(one.second, other.second, 0.0, 0.0, /*equal_nan=*/true);
  });
}

// The record of one forward pass, if it does on other images what the model does.
std::optional<program::Program> faithful_record(const ModelNode& node, const Shape& image, std::int64_t classes) {
  auto generator = dry_run_generator();
  const torch::Tensor images = sample_images(image, generator), others = sample_images(image, generator);
  const torch::Tensor target = sample_target(classes);
  program::Program recorded;
  {
    const program::KeptState kept({node.model.get()}, c10::kCPU);
    recorded = program::record(
        *node.model, images, target,
        [&](const torch::Tensor& given, const torch::Tensor& labels) { return outputs_of(node, given, labels); });
  }
  program::Outputs expected, found;
  {
    const program::KeptState kept({node.model.get()}, c10::kCPU);
    expected = outputs_of(node, others, target);
  }
  {
    const program::KeptState kept({node.model.get()}, c10::kCPU);
    found = program::Interpreter(recorded).run(others, target);
  }
  return same(expected, found) ? std::optional(std::move(recorded)) : std::nullopt;
}

void try_model(TrainingGraph& graph, ModelNode& node, bool trained, config::Diagnostics& diagnostics) {
  const std::string who = node.role + " '" + node.spec.model.use.value + "'";
  if (!node.model->capture_safe()) {
    graph.notes.push_back("record: " + who + " is not capture-safe and runs as its plugin does it");
    return;
  }
  node.model->train(trained);
  std::string reason = "on other images it computes something else than its record";
  std::optional<program::Program> recorded;
  try {
    recorded = faithful_record(node, graph.image, graph.data.classes);
  } catch (const program::NotRecordable& error) {
    reason = error.what();
  }
  if (!recorded) {
    diagnostics.warn(node.spec.model.use.origin, who + " says that it is capture-safe, but cannot be recorded: " +
                                                     reason + "; it runs as its plugin does it");
    return;
  }
  node.recordable = true;
  const auto compiled = program::compile(std::move(*recorded), {.trained = trained}, graph.engine);
  for (const std::string& note : compiled.notes) graph.notes.push_back(note + " (" + node.role + ")");
}

}  // namespace

void try_recording(TrainingGraph& graph, config::Diagnostics& diagnostics) {
  if (!graph.engine.record) return;
  try_model(graph, graph.student, true, diagnostics);
  if (!graph.uses_teacher()) return;
  const torch::NoGradGuard no_grad;
  try_model(graph, *graph.teacher, false, diagnostics);
}

}  // namespace retort::graph
