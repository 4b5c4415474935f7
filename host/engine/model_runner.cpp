#include "model_runner.hpp"

#include "device.hpp"
#include "graph/forward.hpp"
#include "program/compile.hpp"
#include "program/kept_state.hpp"
#include "registry/guard.hpp"

namespace retort::engine {
namespace {

// Losses are computed in single precision whatever the models compute in.
Taps in_single_precision(const program::Outputs& outputs, const TapRequest& request) {
  Taps taps(request);
  for (const auto& [name, tensor] : outputs) taps.put(name, tensor.to(torch::kFloat));
  return taps;
}

}  // namespace

ModelRunner::ModelRunner(const graph::ModelNode& node, bool trained, c10::Device device, c10::ScalarType type,
                         const config::EngineSpec& engine)
    : node_(node),
      trained_(trained),
      device_(device.type()),
      type_(type),
      engine_(engine),
      format_(engine.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous),
      copies_(type) {
  engine_.record = engine.record && node.recordable;
  lay_out(*node.model, format_);
}

program::Outputs ModelRunner::forward(const at::Tensor& images, const at::Tensor& target) const {
  const Taps taps = graph::forward_model(node_, images, target, node_.request);
  return {taps.tensors().begin(), taps.tensors().end()};
}

const program::Interpreter& ModelRunner::recorded(const at::Tensor& images, const at::Tensor& target) {
  const auto known = programs_.find(images.size(0));
  if (known != programs_.end()) return known->second;
  const program::KeptState kept({node_.model.get()}, images.device());
  program::Program recording = program::record(
      *node_.model, torch::zeros_like(images, torch::kFloat), target.defined() ? torch::zeros_like(target) : target,
      [&](const at::Tensor& example, const at::Tensor& labels) { return forward(example, labels); });
  auto compiled =
      program::compile(std::move(recording), {.trained = trained_, .type = type_, .copies = &copies_}, engine_);
  return programs_.emplace(images.size(0), program::Interpreter(std::move(compiled.program))).first->second;
}

Taps ModelRunner::run(const at::Tensor& images, const at::Tensor& target) {
  const at::Tensor input = images.to(input_type(), false, false, format_);
  if (!engine_.record) {
    const Autocast autocast(device_, type_);
    return in_single_precision(forward(input, target), node_.request);
  }
  const program::Interpreter& program = recorded(input, target);
  const Autocast autocast(device_, type_);
  return registry::guarded(node_.spec.model, "in its recorded forward pass",
                           [&] { return in_single_precision(program.run(input, target), node_.request); });
}

void ModelRunner::weights_changed() {
  copies_.refresh();
}

void lay_out(torch::nn::Module& module, at::MemoryFormat format) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
  }
}

}  // namespace retort::engine
