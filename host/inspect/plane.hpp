#pragma once

#include <string>

#include <retort/model.hpp>

// The view of a penultimate layer that shows how far classes lie apart and how tightly they cluster (Müller, Kornblith
// and Hinton, 2019, When Does Label Smoothing Help?, section 2): three classes, the plane through their templates,
// which are their rows of the classifier's weights, and the activations of their samples projected onto it.
namespace retort::inspect {

struct Templates {
  std::string parameter;  // "fc.weight"
  torch::Tensor rows;     // [classes, features] double, on the CPU
};

// The classifier's weights: the last parameter of shape [classes, features]. Throws InvalidParameter, naming what the
// model has, when there is none.
Templates class_templates(const Model& model, std::int64_t classes, std::int64_t features);

struct Plane {
  torch::Tensor origin;  // [features]: the first template
  torch::Tensor basis;   // [2, features], orthonormal; the first axis points to the second template, and the third
                         // one has a positive second coordinate
};

// corners: [3, features] double. Throws InvalidParameter when they lie on one line.
Plane plane_through(const torch::Tensor& corners);

// points: [N, features] double. Their coordinates [N, 2] on the plane.
torch::Tensor project(const Plane& plane, const torch::Tensor& points);

}  // namespace retort::inspect
