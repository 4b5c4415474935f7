#pragma once

#include <vector>

#include "projector_dynamics.hpp"
#include "term_gradients.hpp"

namespace retort::engine {

// What a stage's projectors and terms do to the student, seen on one batch.
struct Diagnosis {
  std::vector<ProjectorDynamics> projectors;
  TermGradients gradients;  // of the terms before their weights, with respect to the student's parameters
};

// From the taps of one batch, those of the student with their graph: the losses run once, and backward once for each
// term. Run it under Undisturbed. Throws registry::ComponentError. Waits for the device.
Diagnosis diagnose(const graph::TrainingGraph& graph, const graph::ObjectiveInputs& inputs);

}  // namespace retort::engine
