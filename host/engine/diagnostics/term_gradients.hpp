#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace retort::engine {

// How the terms of an objective pull at the same parameters.
struct TermGradients {
  std::vector<double> norms;                 // Euclidean, of each term's gradient
  std::vector<std::vector<double>> cosines;  // [terms][terms]; 0 where one of the two gradients is 0
};

// Gradients of scalars that hang in one graph, which is kept. A term that reaches no parameter has a gradient of 0.
// The parameters' own gradients stay as they are. Waits for the device.
TermGradients term_gradients(const std::vector<at::Tensor>& terms, const std::vector<at::Tensor>& parameters);

}  // namespace retort::engine
