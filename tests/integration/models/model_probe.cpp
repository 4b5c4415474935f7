// model_probe REQUEST.json: runs one forward pass of a model straight from its plugin, and in training mode the
// backward pass of sum(logits * cotangent) too. The tests compare what it writes with PyTorch.
//
// The request: {"plugin", "model", "options", "output", optional "weights", "input", "taps", "train", "seed"}.
// The output file: state.NAME (as created, before the weights were loaded, when there is no input; after the pass
// otherwise), tap.NAME, gradient.NAME. Exit code 2 with a message when the model refuses its options.
#include <dlfcn.h>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <memory>

#include <retort/plugin.hpp>
#include "weights/safetensors.hpp"
#include "weights/state.hpp"

namespace {

using nlohmann::json;
using retort::weights::TensorFile;

struct SilentLogger final : retort::Logger {
  void info(std::string_view) override {}
  void warn(std::string_view) override {}
};

struct NoMetrics final : retort::MetricSink {
  void report(std::string_view, const at::Tensor&) override {}
};

retort::Value to_value(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  retort::List list;
  for (const json& item : value) list.push_back(to_value(item));
  return list;
}

const retort::Component& find_component(const std::string& library, const std::string& name) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw retort::Error(dlerror());
  const auto manifest = reinterpret_cast<const retort::Manifest& (*)()>(dlsym(handle, "retort_plugin_manifest"));
  for (const retort::Component& component : manifest().components) {
    if (component.descriptor.name == name) return component;
  }
  throw retort::Error(library + " offers no " + name);
}

void run(retort::Model& model, const json& request, TensorFile& output) {
  const TensorFile input = retort::weights::load_tensors(request["input"].get<std::string>());
  const bool train = request.value("train", false);
  const torch::AutoGradMode gradients(train);
  model.train(train);
  const auto names = request["taps"].get<std::vector<std::string>>();
  const retort::Taps taps = model.forward({input.tensors.at("input"), {}}, retort::TapRequest(names));
  for (const auto& [name, tensor] : taps.tensors()) output.tensors["tap." + name] = tensor;
  if (!input.tensors.contains("cotangent")) return;
  (taps.at("logits") * input.tensors.at("cotangent")).sum().backward();
  for (const auto& parameter : model.named_parameters()) {
    output.tensors["gradient." + parameter.key()] = parameter.value().grad();
  }
}

void answer(const json& request) {
  SilentLogger log;
  NoMetrics metrics;
  retort::Context context{log, metrics, at::detail::createCPUGenerator(request.value("seed", 0)), {}};
  retort::Table options;
  for (const auto& [key, value] : request["options"].items()) options[key] = to_value(value);
  const auto& component = find_component(request["plugin"], request["model"]);
  const std::shared_ptr<retort::Model> model(std::get<retort::ModelFactory>(component.factory)(options, context));

  if (request.contains("weights")) {
    const auto weights = retort::weights::load_tensors(request["weights"].get<std::string>());
    const auto report = retort::weights::load_state(*model, weights.tensors);
    if (!report.clean()) throw retort::Error(report.text());
  }
  TensorFile output;
  if (request.contains("input")) run(*model, request, output);
  for (const auto& [name, tensor] : retort::weights::state_dict(*model)) output.tensors["state." + name] = tensor;
  retort::weights::save_tensors(request["output"].get<std::string>(), output);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  try {
    answer(json::parse(std::ifstream(argv[1])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
