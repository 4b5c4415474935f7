#include "undisturbed.hpp"

namespace retort::engine {
namespace {

std::vector<const torch::nn::Module*> modules_of(const graph::TrainingGraph& graph) {
  std::vector<const torch::nn::Module*> modules;
  for (const graph::TrainedModule& trained : graph.trained_modules()) modules.push_back(trained.module);
  return modules;
}

}  // namespace

Undisturbed::Undisturbed(const graph::TrainingGraph& graph, c10::Device device, StepValues& values)
    : values_(values), reported_(values.take()), kept_(modules_of(graph), device) {}

Undisturbed::~Undisturbed() {
  values_.replace(std::move(reported_));
}

}  // namespace retort::engine
