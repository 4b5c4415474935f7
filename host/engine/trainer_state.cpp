// The part of StageTrainer that a checkpoint consists of.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include "trainer.hpp"
#include "weights/state.hpp"

namespace retort::engine {
namespace {

constexpr std::string_view kOptimizerPrefix = "optimizer.";

std::string module_prefix(const graph::TrainedModule& trained) {
  return "module." + trained.name + "/";
}

// The entries whose names begin with `prefix`, without it.
std::map<std::string, torch::Tensor> below(const weights::TensorFile& file, std::string_view prefix) {
  std::map<std::string, torch::Tensor> found;
  for (auto entry = file.tensors.lower_bound(std::string(prefix)); entry != file.tensors.end(); ++entry) {
    if (!entry->first.starts_with(prefix)) break;
    found.emplace(entry->first.substr(prefix.size()), entry->second);
  }
  return found;
}

const torch::Tensor& tensor_of(const weights::TensorFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) throw Error("the checkpoint has no '" + name + "'");
  return found->second;
}

at::Generator device_generator(c10::Device device) {
  return at::globalContext().defaultGenerator(device);
}

const std::string& note_of(const weights::TensorFile& file, const std::string& name) {
  const auto found = file.metadata.find(name);
  if (found == file.metadata.end()) throw Error("the checkpoint has no '" + name + "'");
  return found->second;
}

}  // namespace

weights::TensorFile StageTrainer::snapshot() const {
  weights::TensorFile file;
  for (const graph::TrainedModule& trained : graph_.trained_modules()) {
    for (const auto& [name, tensor] : weights::state_dict(*trained.module)) {
      file.tensors[module_prefix(trained) + name] = tensor;
    }
  }
  for (const auto& [name, tensor] : executor_.optimizer().state()) {
    file.tensors[std::string(kOptimizerPrefix) + name] = tensor;
  }
  file.tensors["generator"] = at::detail::getDefaultCPUGenerator().get_state();
  if (options_.device.is_cuda()) file.tensors["device_generator"] = device_generator(options_.device).get_state();
  file.tensors["sums"] = sums_;
  file.tensors["sums_read"] = sums_read_;
  file.metadata = {{"stage", graph_.stage},
                   {"epoch", std::to_string(position_.epoch)},
                   {"batch", std::to_string(position_.batch)},
                   {"step", std::to_string(position_.step)},
                   {"best_top1", to_toml(best_top1_)},
                   {"skipped", std::to_string(skipped_)},
                   {"ended", ended_ ? "true" : "false"}};
  return file;
}

void StageTrainer::restore(const weights::TensorFile& state) {
  if (const std::string& stage = note_of(state, "stage"); stage != graph_.stage) {
    throw Error("the checkpoint is of stage '" + stage + "', not of '" + graph_.stage + "'");
  }
  for (const graph::TrainedModule& trained : graph_.trained_modules()) {
    const auto report = weights::load_state(*trained.module, below(state, module_prefix(trained)));
    if (!report.clean()) throw Error("the checkpoint does not fit " + trained.name + ": " + report.text());
  }
  executor_.optimizer().load_state(below(state, kOptimizerPrefix));
  executor_.parameters_changed();
  auto generator = at::detail::getDefaultCPUGenerator();
  generator.set_state(tensor_of(state, "generator"));
  if (options_.device.is_cuda()) {
    device_generator(options_.device).set_state(tensor_of(state, "device_generator"));
  }
  sums_.copy_(tensor_of(state, "sums"));
  position_ = {std::stoll(note_of(state, "epoch")), std::stoll(note_of(state, "batch")),
               std::stoll(note_of(state, "step"))};
  sums_read_ = tensor_of(state, "sums_read").clone();
  best_top1_ = std::stod(note_of(state, "best_top1"));
  skipped_ = std::stoll(note_of(state, "skipped"));
  ended_ = note_of(state, "ended") == "true";
}

}  // namespace retort::engine
