#include "undisturbed.hpp"

#include <ATen/Context.h>
#include <torch/types.h>

namespace retort::engine {

Undisturbed::Undisturbed(const graph::TrainingGraph& graph, c10::Device device, StepValues& values)
    : values_(values), reported_(values.take()) {
  for (const graph::TrainedModule& trained : graph.trained_modules()) {
    for (const torch::Tensor& buffer : trained.module->buffers()) buffers_.emplace_back(buffer, buffer.clone());
  }
  std::vector<c10::Device> devices{c10::kCPU};
  if (!device.is_cpu()) devices.push_back(device);
  for (const c10::Device each : devices) {
    const at::Generator& generator = at::globalContext().defaultGenerator(each);
    generators_.emplace_back(generator, generator.get_state());
  }
}

Undisturbed::~Undisturbed() {
  const torch::NoGradGuard no_grad;
  for (auto& [buffer, copy] : buffers_) buffer.copy_(copy);
  for (auto& [generator, state] : generators_) generator.set_state(state);
  values_.replace(std::move(reported_));
}

}  // namespace retort::engine
