#include "diagnosis.hpp"

namespace retort::engine {

Diagnosis diagnose(const graph::TrainingGraph& graph, const graph::ObjectiveInputs& inputs) {
  const at::Tensor weights = at::ones({static_cast<std::int64_t>(graph.terms.size())}, inputs.target.device());
  const graph::Objective objective = graph::evaluate_objective(graph, inputs, weights);
  std::vector<at::Tensor> parameters;
  for (const at::Tensor& parameter : graph.student.model->parameters()) {
    if (parameter.requires_grad()) parameters.push_back(parameter);
  }
  return {.projectors = projector_dynamics(graph, inputs), .gradients = term_gradients(objective.terms, parameters)};
}

}  // namespace retort::engine
