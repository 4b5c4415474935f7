#include "assembly.hpp"

#include <algorithm>

#include <torch/utils.h>

#include "absorb.hpp"
#include "branches.hpp"
#include "data/transforms.hpp"
#include "dry_run.hpp"
#include "ensemble.hpp"
#include "model_node.hpp"
#include "prune.hpp"
#include "recording.hpp"

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

// Creates a data set and has it say what it holds; null on an error.
std::shared_ptr<Dataset> make_dataset(const config::ComponentSpec& spec, DatasetInfo& info, const Workshop& workshop,
                                      config::Diagnostics& diagnostics) {
  if (!workshop.registry.find(spec, diagnostics)) return nullptr;
  try {
    auto dataset = workshop.registry.make_dataset(spec, workshop.services);
    info = registry::guarded(spec, "in info()", [&] { return dataset->info(); });
    return dataset;
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return nullptr;
  }
}

bool open_unlabelled(TrainingGraph& graph, const config::ComponentSpec& spec, const Workshop& workshop,
                     config::Diagnostics& diagnostics) {
  graph.unlabelled = make_dataset(spec, graph.unlabelled_data, workshop, diagnostics);
  if (!graph.unlabelled) return false;
  if (graph.unlabelled_data.image == graph.data.image) return true;
  diagnostics.error(spec.use.origin, "dataset.unlabelled: '" + spec.use.value + "' has images of " +
                                         shape_text(graph.unlabelled_data.image) + ", the data set '" +
                                         graph.dataset_spec.dataset.use.value + "' of " + shape_text(graph.data.image));
  return false;
}

bool open_dataset(TrainingGraph& graph, const Workshop& workshop, config::Diagnostics& diagnostics) {
  const config::DatasetSpec& spec = graph.dataset_spec;
  graph.dataset = make_dataset(spec.dataset, graph.data, workshop, diagnostics);
  if (!graph.dataset) return false;
  const std::size_t errors_before = error_count(diagnostics);
  graph.training_plan = data::TrainingPlan(spec, graph.data, diagnostics);
  if (spec.unlabelled) open_unlabelled(graph, *spec.unlabelled, workshop, diagnostics);
  const auto image = transformed_shape(spec, graph.data, diagnostics);
  if (image) graph.image = *image;
  return error_count(diagnostics) == errors_before;
}

}  // namespace

std::uint64_t seed_for(std::uint64_t run_seed, const std::string& name) {
  std::uint64_t hash = 14695981039346656037ull ^ (run_seed * 0x9e3779b97f4a7c15ull);  // FNV-1a, started by the seed
  for (const unsigned char c : name) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

std::optional<TrainingGraph> assemble(const config::StageSpec& stage, const Workshop& of_run,
                                      config::Diagnostics& diagnostics) {
  const Workshop workshop{of_run.registry, of_run.services,
                          stage.seed ? static_cast<std::uint64_t>(*stage.seed) : of_run.seed, of_run.engine};
  const std::size_t errors_before = error_count(diagnostics);
  TrainingGraph graph{.stage = stage.name,
                      .seed = workshop.seed,
                      .dataset_spec = stage.dataset,
                      .optimizer = stage.optimizer,
                      .training = stage.training,
                      .engine = workshop.engine};
  if (!open_dataset(graph, workshop, diagnostics)) return std::nullopt;

  auto student = make_model_node("student", stage.student, graph.data, graph.image, workshop, diagnostics);
  if (stage.teacher) {
    graph.teacher = stage.teacher->members.empty()
                        ? make_model_node("teacher", *stage.teacher, graph.data, graph.image, workshop, diagnostics)
                        : make_ensemble_node(*stage.teacher, graph.data, graph.image, workshop, diagnostics);
  }
  if (!student || (stage.teacher && !graph.teacher)) return std::nullopt;
  graph.student = std::move(*student);
  if (graph.student.parameters == 0) {
    const auto& use = stage.student.model.use;
    diagnostics.error(use.origin, "student '" + use.value + "' has no trainable parameters: it can only be a teacher");
    return std::nullopt;
  }
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
  if (graph.engine.fuse_losses) absorb_normalizations(graph);

  trace_objective(graph, diagnostics);
  if (error_count(diagnostics) > errors_before) return std::nullopt;
  try {
    try_recording(graph, diagnostics);
  } catch (const registry::ComponentError& error) {
    report(error, diagnostics);
    return std::nullopt;
  }
  return graph;
}

}  // namespace retort::graph
