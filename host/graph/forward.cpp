#include "forward.hpp"

#include "registry/guard.hpp"

namespace retort::graph {

using registry::guarded;

Taps forward_model(const ModelNode& node, const torch::Tensor& images, const torch::Tensor& target,
                   const TapRequest& request) {
  return guarded(node.spec.model, "in its forward pass", [&] {
    return node.model->forward({images, target}, request);
  });
}

torch::Tensor project(const Branch& branch, const torch::Tensor& tap) {
  if (!branch.projector) return tap;
  return guarded(*branch.projector_spec, "in its forward pass", [&] { return branch.projector->forward(tap); });
}

torch::Tensor run_branch(const Branch& branch, const torch::Tensor& tap) {
  const torch::Tensor features = project(branch, tap);
  if (!branch.normalization) return features;
  return guarded(*branch.normalization_spec, "in its forward pass",
                 [&] { return branch.normalization->forward(features); });
}

void set_parameter(const Term& term, const std::string& parameter, double value) {
  guarded(term.spec, "while a scheduled parameter was set", [&] { term.loss->set(parameter, value); });
}

Objective evaluate_objective(const TrainingGraph& graph, const ObjectiveInputs& inputs, const torch::Tensor& weights) {
  Objective objective;
  for (std::size_t i = 0; i < graph.terms.size(); ++i) {
    const Term& term = graph.terms[i];
    std::vector<torch::Tensor> student, teacher;
    for (const Branch& branch : term.student) student.push_back(run_branch(branch, inputs.student.at(branch.tap)));
    for (const Branch& branch : term.teacher) teacher.push_back(run_branch(branch, inputs.teacher->at(branch.tap)));
    const LossInputs loss_inputs{Features(std::move(student)), Features(std::move(teacher)), inputs.target,
                                 inputs.index, inputs.step};
    torch::Tensor value = guarded(term.spec, "in its forward pass", [&] {
      torch::Tensor result = term.loss->forward(loss_inputs);
      if (result.dim() != 0)
        throw Error("must return a scalar, returned a tensor of shape " + shape_text(result.sizes()));
      return result;
    });
    const torch::Tensor weighted = value * weights[static_cast<std::int64_t>(i)];
    objective.total = objective.total.defined() ? objective.total + weighted : weighted;
    objective.terms.push_back(std::move(value));
  }
  return objective;
}

}  // namespace retort::graph
