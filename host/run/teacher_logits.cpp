#include "teacher_logits.hpp"

#include <ATen/Version.h>
#include <fmt/format.h>

#include <retort/nearest.hpp>
#include <retort/version.hpp>

#include "build_info.hpp"
#include "config/diagnostics.hpp"
#include "weights/state.hpp"

namespace retort::run {
namespace {

// The code of a component: the SHA-256 of the library that offers it.
std::string code_of(const config::ComponentSpec& spec, const registry::Registry& registry) {
  for (const auto& [library, sha256] : registry.loaded()) {
    if (spec.library && std::filesystem::path(library) == spec.library->value) return sha256;
    for (const registry::PluginInfo& plugin : registry.plugins()) {
      if (plugin.library != library) continue;
      for (const Descriptor& component : plugin.components) {
        if (component.kind == spec.kind && component.name == spec.use.value) return sha256;
      }
    }
  }
  return "";
}

void add_model(cache::LogitKey& key, const graph::ModelNode& node, const registry::Registry& registry) {
  const config::ComponentSpec& model = node.spec.model;
  key.add(node.role, model.use.value + " " + to_toml(model.params));
  key.add(node.role + ": mean, deviation",
          fmt::format("{}, {}", fmt::join(node.input.mean, " "), fmt::join(node.input.deviation, " ")));
  for (const graph::ModelNode& member : node.members) add_model(key, member, registry);
  if (node.members.empty()) {
    key.add(node.role + ": code", code_of(model, registry));
  } else {
    key.add(node.role + ": combined by", fmt::format("{}", static_cast<int>(node.spec.combine)));
  }
}

// All that a teacher's logits for given images depend on.
cache::LogitKey teacher_key(const graph::TrainingGraph& graph, const Computation& computation,
                            const registry::Registry& registry) {
  cache::LogitKey key;
  add_model(key, *graph.teacher, registry);
  key.add("weights", weights::state_hash(*graph.teacher->model));
  key.add("computed in", c10::toString(computation.type));
  const config::EngineSpec& engine = graph.engine;  // each switch rounds in its own way
  key.add("engine",
          fmt::format("record {}, channels_last {}, fold_batch_norm {}, fuse_batch_norm {}, prepack {}", engine.record,
                      engine.channels_last, engine.fold_batch_norm, engine.fuse_batch_norm, engine.prepack));
  key.add("computed by", fmt::format("retort {}, torch {}, {} {}", RETORT_VERSION_STRING, RETORT_TORCH_VERSION,
                                     c10::DeviceTypeName(computation.device.type(), /*lower_case=*/true),
                                     computation.device.is_cpu() ? at::get_cpu_capability() : ""));
  return key;
}

cache::LogitKey cache_key(const graph::TrainingGraph& graph, const std::string& images, const Computation& computation,
                          const registry::Registry& registry) {
  cache::LogitKey key = teacher_key(graph, computation, registry);
  key.add("images", images);
  for (const config::TransformSpec& transform : graph.dataset_spec.transforms) {
    key.add("transform", transform.use + " " + to_toml(transform.params));
  }
  return key;
}

}  // namespace

std::string teacher_name(const graph::TrainingGraph& graph, const Computation& computation,
                         const registry::Registry& registry) {
  return teacher_key(graph, computation, registry).hash();
}

std::string why_uncached(const graph::TrainingGraph& graph, const data::Source& train) {
  if (!graph.uses_teacher()) return "its objective asks nothing of a teacher";
  const std::vector<std::string>& taps = graph.teacher->request.names();
  if (taps != std::vector<std::string>{"logits"}) {
    return "its objective asks the teacher for " + join(taps) + ", and logits alone can be kept";
  }
  if (const data::Views views = train.views(); !views.enumerable()) return views.reason;
  if (train.lookahead() > 0)
    return "the data set streams its images, and what they are is not known without reading all";
  return "";
}

std::unique_ptr<cache::LogitCache> open_logit_cache(const config::EngineSpec::LogitCache& spec,
                                                    const graph::TrainingGraph& graph, const data::Source& train,
                                                    const Computation& computation, const registry::Registry& registry,
                                                    const std::function<void(const std::string&)>& warn) {
  const std::string place = spec.origin.text() + ": engine.logit_cache: ";
  if (const std::string reason = why_uncached(graph, train); !reason.empty()) {
    warn(place + "not used in stage '" + graph.stage + "': " + reason);
    return nullptr;
  }
  try {
    const cache::LogitCache::Shape shape{.images = train.size(),
                                         .views = train.views().count,
                                         .classes = graph.teacher->taps.at("logits").back(),
                                         .type = spec.type == "float32" ? at::kFloat : at::kBFloat16};
    return std::make_unique<cache::LogitCache>(spec.folder.empty() ? cache::default_folder() : spec.folder,
                                               cache_key(graph, *train.fingerprint(), computation, registry), shape,
                                               [warn, place](const std::string& text) { warn(place + text); });
  } catch (const cache::CacheError& error) {
    config::Diagnostics diagnostics;
    diagnostics.error(spec.origin, std::string("engine.logit_cache: ") + error.what());
    throw config::Rejected(diagnostics.text(), diagnostics.exit_code());
  }
}

}  // namespace retort::run
