#include "kept_state.hpp"

#include <ATen/Context.h>
#include <torch/types.h>

namespace retort::program {

KeptState::KeptState(const std::vector<const torch::nn::Module*>& modules, c10::Device device) {
  for (const torch::nn::Module* module : modules) {
    for (const torch::Tensor& buffer : module->buffers()) buffers_.emplace_back(buffer, buffer.clone());
  }
  std::vector<c10::Device> devices{c10::kCPU};
  if (!device.is_cpu()) devices.push_back(device);
  for (const c10::Device each : devices) {
    const at::Generator& generator = at::globalContext().defaultGenerator(each);
    generators_.emplace_back(generator, generator.get_state());
  }
}

KeptState::~KeptState() {
  const torch::NoGradGuard no_grad;
  for (auto& [buffer, copy] : buffers_) buffer.copy_(copy);
  for (auto& [generator, state] : generators_) generator.set_state(state);
}

}  // namespace retort::program
