#pragma once

#include <optional>
#include <string>
#include <vector>

#include "feature_relations.hpp"
#include "graph/forward.hpp"
#include "spectrum.hpp"

namespace retort::engine {

struct WeightSpectrum {
  std::string weight;
  Spectrum spectrum;
};

// How training shapes one projector.
struct ProjectorDynamics {
  std::string projector;  // "loss.hint.student.projector"
  // Of a projector that is an affine map of the last dimension, the matrix of this map, named "map", however many
  // parameters it comes from; else of every parameter with two or four dimensions, by its name.
  std::vector<WeightSpectrum> weights;
  double input_correlation = 0.0;      // mean absolute correlation of two features
  double output_correlation = 0.0;     // before any normalization
  std::optional<Relations> relations;  // for affine maps whose target has as many rows
};

// The matrix [in, out] of a projector that is affine in the last dimension of vectors [N, in] or tokens [N, T, in],
// found by projecting unit vectors and checked on `features`; none for any other projector.
std::optional<at::Tensor> affine_map(Projector& projector, const at::Tensor& features);

// Every projector of the graph on the taps of one batch. Projectors are run in their present mode: see Undisturbed.
// Throws registry::ComponentError. Waits for the device.
std::vector<ProjectorDynamics> projector_dynamics(const graph::TrainingGraph& graph,
                                                  const graph::ObjectiveInputs& inputs);

}  // namespace retort::engine
