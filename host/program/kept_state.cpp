#include "kept_state.hpp"

#include <torch/types.h>

namespace retort::program {

KeptState::KeptState(const std::vector<const torch::nn::Module*>& modules, c10::Device device) : generators_(device) {
  for (const torch::nn::Module* module : modules) {
    for (const torch::Tensor& buffer : module->buffers()) buffers_.emplace_back(buffer, buffer.clone());
  }
}

KeptState::~KeptState() {
  const torch::NoGradGuard no_grad;
  for (auto& [buffer, copy] : buffers_) buffer.copy_(copy);
  generators_.put_back();
}

}  // namespace retort::program
