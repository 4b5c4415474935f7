#include <cstdio>

#include <nlohmann/json.hpp>

#include <retort/nearest.hpp>

#include "command.hpp"
#include "component_options.hpp"
#include "graph/flop_counter.hpp"
#include "weights/safetensors.hpp"
#include "weights/state.hpp"

namespace retort::app {
namespace {

struct Options {
  ComponentOptions component;
  std::string weights, input, out;
  std::vector<std::string> taps;
  bool json = false;
};

std::vector<std::string> tap_names(const Model& model) {
  std::vector<std::string> names;
  for (const TapInfo& tap : model.taps()) names.push_back(tap.name);
  return names;
}

void load_weights(Model& model, const std::string& path, const std::string& name) {
  const auto report = weights::load_state(model, weights::load_tensors(path).tensors);
  if (!report.clean()) throw InvalidParameter(path + " does not fit model '" + name + "': " + report.text());
}

void run(const config::ComponentSpec& spec, Model& model, const Options& options) {
  const auto tensors = weights::load_tensors(options.input).tensors;
  const auto found = tensors.size() == 1 ? tensors.begin() : tensors.find("input");
  if (found == tensors.end()) throw InvalidParameter(options.input + " has no tensor 'input'");
  const auto names = tap_names(model);
  const std::vector<std::string> wanted = options.taps.empty() ? std::vector{names.back()} : options.taps;
  for (const std::string& tap : wanted) {
    if (std::find(names.begin(), names.end(), tap) == names.end()) {
      throw InvalidParameter("model '" + spec.use.value + "' has no tap '" + tap + "'" + did_you_mean(tap, names) +
                             " (it has: " + join(names) + ")");
    }
  }
  model.to(found->second.scalar_type());
  const Taps taps = registry::guarded(spec, "in its forward pass", [&] {
    return model.forward({found->second, {}}, TapRequest(wanted));
  });
  weights::TensorFile out;
  for (const auto& [name, tensor] : taps.tensors()) out.tensors[name] = tensor;
  weights::save_tensors(options.out, out);
}

// Images of the parameters' type; a model without parameters takes single precision.
torch::TensorOptions input_options(const Model& model) {
  const auto parameters = model.parameters();
  return parameters.empty() ? torch::TensorOptions(torch::kFloat) : parameters.front().options();
}

nlohmann::ordered_json description(const config::ComponentSpec& spec, Model& model) {
  std::int64_t parameters = 0;
  for (const auto& parameter : model.parameters()) parameters += parameter.numel();
  Shape input{1};
  for (const std::int64_t size : model.input().shape) input.push_back(size);
  return registry::guarded(spec, "in its forward pass", [&] {
    const graph::FlopCounter flops;
    const Taps taps = model.forward({torch::zeros(input, input_options(model)), {}}, TapRequest(tap_names(model)));
    nlohmann::ordered_json shapes = nlohmann::ordered_json::object();
    for (const std::string& name : tap_names(model)) shapes[name] = taps.at(name).sizes().slice(1).vec();
    return nlohmann::ordered_json{{"parameters", parameters}, {"flops", flops.count()}, {"taps", shapes}};
  });
}

int execute(const Options& options) {
  if (options.input.empty() != options.out.empty()) throw InvalidParameter("--input and --out go together");
  auto registry = options.component.plugins.scan();
  const Descriptor* descriptor = nullptr;
  const auto spec = options.component.read(Kind::Model, registry, descriptor);
  PlainServices services;
  torch::manual_seed(1);
  const auto model = registry.make_model(spec, services);
  model->eval();
  const torch::NoGradGuard no_grad;
  if (!options.weights.empty()) load_weights(*model, options.weights, spec.use.value);
  if (!options.input.empty()) run(spec, *model, options);
  if (options.input.empty() || options.json) {
    const auto text = description(spec, *model);
    if (options.json) {
      std::printf("%s\n", text.dump().c_str());
    } else {
      std::printf("%s: %s parameters, %s FLOPs a sample\n", spec.use.value.c_str(), text["parameters"].dump().c_str(),
                  text["flops"].dump().c_str());
      for (const TapInfo& tap : model->taps()) {
        std::printf("  %-12s %-14s %s\n", tap.name.c_str(), text["taps"][tap.name].dump().c_str(), tap.doc.c_str());
      }
    }
  }
  return kDone;
}

}  // namespace

Action add_model(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->component.add_to(app, Kind::Model);
  app.add_option("--weights", options->weights, "Safetensors file to load")->type_name("FILE");
  app.add_option("--input", options->input, "Safetensors file with 'input', [N, channels, height, width]")
      ->type_name("FILE");
  app.add_option("--tap", options->taps, "Tap to compute (default: the last); may be repeated")
      ->type_name("TAP")
      ->allow_extra_args(false);
  app.add_option("--out", options->out, "Safetensors file for the taps, by name")->type_name("FILE");
  app.add_flag("--json", options->json, "Print {\"parameters\", \"flops\", \"taps\": {name: shape}}");
  app.footer("FLOPs count two for each multiply-add of convolutions and matrix products. The model runs in eval mode.");
  return [options] { return execute(*options); };
}

}  // namespace retort::app
