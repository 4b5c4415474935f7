#include "model_node.hpp"

#include <torch/utils.h>

#include "weights/safetensors.hpp"
#include "weights/state.hpp"

namespace retort::graph {
namespace {

const ParamSpec* find_param(const Descriptor& descriptor, const std::string& name) {
  for (const ParamSpec& param : descriptor.params) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

// Sets a parameter that follows from the data set, or checks the value that the experiment gives it.
bool follow_dataset(config::ComponentSpec& model, const Descriptor& descriptor, const std::string& param,
                    const Value& expected, config::Diagnostics& diagnostics) {
  if (!find_param(descriptor, param)) return true;
  const auto [entry, added] = model.params.try_emplace(param, expected);
  if (added || entry->second == expected) return true;
  diagnostics.error(model.origin_of(param), model.key + "." + param + " is " + to_toml(entry->second) +
                                                ", but the data set has " + to_toml(expected) +
                                                "; leave it out to follow the data set");
  return false;
}

bool settle_statistics(ModelNode& node, const DatasetInfo& data, std::size_t channels,
                       config::Diagnostics& diagnostics) {
  if (node.spec.mean) node.input.mean = *node.spec.mean;
  if (node.spec.deviation) node.input.deviation = *node.spec.deviation;
  if (node.input.mean.empty()) node.input.mean = data.mean;
  if (node.input.deviation.empty()) node.input.deviation = data.deviation;
  if (node.input.mean.size() == channels && node.input.deviation.size() == channels) return true;
  diagnostics.error(node.spec.model.use.origin,
                    node.role + " normalises with " + std::to_string(node.input.mean.size()) + " means and " +
                        std::to_string(node.input.deviation.size()) + " deviations, but the images have " +
                        std::to_string(channels) + " channels");
  return false;
}

bool load_weights(ModelNode& node, config::Diagnostics& diagnostics) {
  if (!node.spec.weights) return true;
  const auto& [path, origin] = *node.spec.weights;
  try {
    const auto file = weights::load_tensors(path);
    const auto report = weights::load_state(*node.model, file.tensors);
    if (report.clean()) return true;
    diagnostics.error(origin, path.string() + " does not fit " + node.role + " '" + node.spec.model.use.value +
                                  "': " + report.text());
  } catch (const Error& error) {
    diagnostics.error(origin, error.what());
  }
  return false;
}

}  // namespace

void report(const registry::ComponentError& error, config::Diagnostics& diagnostics) {
  if (error.users_fault()) {
    diagnostics.error(error.origin(), error.what());
  } else {
    diagnostics.plugin_error(error.origin(), error.what());
  }
}

std::optional<ModelNode> make_model_node(const std::string& role, const config::ModelSpec& spec,
                                         const DatasetInfo& data, const Shape& image, const Workshop& workshop,
                                         config::Diagnostics& diagnostics) {
  ModelNode node{.role = role, .spec = spec};
  const Descriptor* descriptor = workshop.registry.find(spec.model, diagnostics);
  if (!descriptor) return std::nullopt;
  const bool classes = follow_dataset(node.spec.model, *descriptor, "classes", data.classes, diagnostics);
  const bool shape =
      follow_dataset(node.spec.model, *descriptor, "input_shape", List(image.begin(), image.end()), diagnostics);
  if (!classes || !shape) return std::nullopt;
  try {
    const std::uint64_t seed = spec.seed ? static_cast<std::uint64_t>(*spec.seed) : workshop.seed;
    torch::manual_seed(seed_for(seed, role));
    node.model = workshop.registry.make_model(node.spec.model, workshop.services);
    node.input = registry::guarded(spec.model, "in input()", [&] { return node.model->input(); });
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return std::nullopt;
  }
  if (!node.input.shape.empty() && node.input.shape != image) {
    diagnostics.error(spec.model.use.origin, role + " '" + spec.model.use.value + "' expects images of " +
                                                 shape_text(node.input.shape) + ", the data set gives " +
                                                 shape_text(image));
    return std::nullopt;
  }
  const bool statistics = settle_statistics(node, data, static_cast<std::size_t>(image.at(0)), diagnostics);
  if (!load_weights(node, diagnostics) || !statistics) return std::nullopt;
  for (const auto& parameter : node.model->parameters()) node.parameters += parameter.numel();
  return node;
}

}  // namespace retort::graph
