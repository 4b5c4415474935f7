#include "assembly.hpp"

#include <algorithm>

#include <torch/utils.h>

#include "branches.hpp"
#include "data/transforms.hpp"
#include "dry_run.hpp"
#include "model_node.hpp"
#include "prune.hpp"

namespace retort::graph {
namespace {

std::size_t error_count(const config::Diagnostics& diagnostics) {
  return diagnostics.errors().size() + diagnostics.plugin_errors().size();
}

// What the images are after the training transforms; empty on an error.
std::optional<Shape> transformed_shape(const config::DatasetSpec& spec, const DatasetInfo& data,
                                       config::Diagnostics& diagnostics) {
  data::Transforms transforms(data.image);
  for (const config::TransformSpec& transform : spec.transforms) {
    try {
      transforms.add(transform);
    } catch (const Error& error) {
      diagnostics.error(transform.origin, "dataset.transforms: " + transform.use + ": " + error.what());
      return std::nullopt;
    }
  }
  const Shape& shape = transforms.output_shape();
  if (shape != data.image) {
    diagnostics.error(spec.dataset.use.origin, "the transforms turn the training images of " + shape_text(data.image) +
                                                   " into " + shape_text(shape) +
                                                   ", but the test images stay as they are");
    return std::nullopt;
  }
  return shape;
}

bool open_dataset(TrainingGraph& graph, const Workshop& workshop, config::Diagnostics& diagnostics) {
  const config::ComponentSpec& spec = graph.dataset_spec.dataset;
  if (!workshop.registry.find(spec, diagnostics)) return false;
  try {
    graph.dataset = workshop.registry.make_dataset(spec, workshop.services);
    graph.data = registry::guarded(spec, "in info()", [&] { return graph.dataset->info(); });
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return false;
  }
  const auto image = transformed_shape(graph.dataset_spec, graph.data, diagnostics);
  if (image) graph.image = *image;
  return image.has_value();
}

}  // namespace

std::uint64_t seed_for(std::uint64_t run_seed, const std::string& name) {
  std::uint64_t hash = 14695981039346656037ull ^ (run_seed * 0x9e3779b97f4a7c15ull);  // FNV-1a, started by the seed
  for (const unsigned char c : name) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

std::optional<TrainingGraph> assemble(const config::StageSpec& stage, const Workshop& workshop,
                                      config::Diagnostics& diagnostics) {
  const std::size_t errors_before = error_count(diagnostics);
  TrainingGraph graph{
      .stage = stage.name, .dataset_spec = stage.dataset, .optimizer = stage.optimizer, .training = stage.training};
  if (!open_dataset(graph, workshop, diagnostics)) return std::nullopt;

  auto student = make_model_node("student", stage.student, graph.data, graph.image, workshop, diagnostics);
  if (stage.teacher) {
    graph.teacher = make_model_node("teacher", *stage.teacher, graph.data, graph.image, workshop, diagnostics);
  }
  if (!student || (stage.teacher && !graph.teacher)) return std::nullopt;
  graph.student = std::move(*student);
  const ModelNode* teacher = graph.teacher ? &*graph.teacher : nullptr;

  for (const config::TermSpec& spec : stage.terms) {
    if (auto term = plan_term(spec, graph.student, teacher, workshop, diagnostics))
      graph.terms.push_back(std::move(*term));
  }
  prune(graph);
  if (graph.terms.empty() && error_count(diagnostics) == errors_before) {
    diagnostics.error(stage.origin, "stage '" + stage.name + "' has no loss term with a weight other than 0");
    return std::nullopt;
  }
  bool measured = measure_taps(graph.student, graph.data, graph.image, diagnostics);
  if (graph.teacher) measured = measure_taps(*graph.teacher, graph.data, graph.image, diagnostics) && measured;
  if (!measured) return std::nullopt;
  for (Term& term : graph.terms) equip_term(term, graph.student, teacher, workshop, diagnostics);
  if (error_count(diagnostics) > errors_before) return std::nullopt;

  trace_objective(graph, diagnostics);
  if (error_count(diagnostics) > errors_before) return std::nullopt;
  return graph;
}

}  // namespace retort::graph
