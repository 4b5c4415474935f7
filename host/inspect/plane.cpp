#include "plane.hpp"

#include <vector>

#include <retort/nearest.hpp>

namespace retort::inspect {

Templates class_templates(const Model& model, std::int64_t classes, std::int64_t features) {
  Templates found;
  std::vector<std::string> others;
  for (const auto& parameter : model.named_parameters()) {
    const torch::Tensor& value = parameter.value();
    if (value.dim() != 2) continue;
    others.push_back(parameter.key() + " " + shape_text(value.sizes()));
    if (value.size(0) != classes || value.size(1) != features) continue;
    found = {parameter.key(), value.detach().to(torch::kCPU, torch::kDouble)};
  }
  if (found.rows.defined()) return found;
  throw InvalidParameter("the model has no classifier layer to take class templates from: none of its parameters is " +
                         shape_text({classes, features}) + " (classes, penultimate features)" +
                         (others.empty() ? "" : "; its matrices: " + join(others)));
}

Plane plane_through(const torch::Tensor& corners) {
  const torch::Tensor first = corners[1] - corners[0];
  const torch::Tensor second = corners[2] - corners[0];
  const torch::Tensor along = first / first.norm();
  const torch::Tensor across = second - second.dot(along) * along;
  // NaN, when two corners are one, is not greater either.
  if (!(across.norm().item<double>() > 1e-9 * second.norm().item<double>())) {
    throw InvalidParameter("the templates of the three classes lie on one line: they span no plane");
  }
  return {corners[0], torch::stack({along, across / across.norm()})};
}

torch::Tensor project(const Plane& plane, const torch::Tensor& points) {
  return torch::matmul(points - plane.origin, plane.basis.t());
}

}  // namespace retort::inspect
