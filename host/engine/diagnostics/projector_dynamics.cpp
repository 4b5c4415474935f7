#include "projector_dynamics.hpp"

#include <torch/utils.h>

#include "registry/guard.hpp"

namespace retort::engine {
namespace {

// Single precision leaves about 1e-6 of an affine map; one unit that an activation bends leaves far more.
constexpr double kAffine = 1e-4;

std::vector<WeightSpectrum> parameter_spectra(const Projector& projector) {
  std::vector<WeightSpectrum> spectra;
  for (const auto& parameter : projector.named_parameters()) {
    const std::int64_t dimensions = parameter.value().dim();
    if (dimensions == 2 || dimensions == 4) spectra.push_back({parameter.key(), spectrum(parameter.value())});
  }
  return spectra;
}

ProjectorDynamics dynamics_of(const graph::Branch& branch, const at::Tensor& tap, const at::Tensor& target) {
  const auto matrix = registry::guarded(*branch.projector_spec, "while it was diagnosed",
                                        [&] { return affine_map(*branch.projector, tap); });
  const torch::Tensor input = standardized(observations(tap));
  const torch::Tensor output = standardized(observations(graph::project(branch, tap)));
  ProjectorDynamics dynamics{.projector = branch.key + ".projector",
                             .input_correlation = mean_correlation(input),
                             .output_correlation = mean_correlation(output)};
  if (!matrix) {
    dynamics.weights = parameter_spectra(*branch.projector);
    return dynamics;
  }
  dynamics.weights.push_back({"map", spectrum(*matrix)});
  if (!target.defined()) return dynamics;
  const torch::Tensor reached = standardized(observations(target));
  if (reached.sizes() == output.sizes()) dynamics.relations = relations(input, output, reached);
  return dynamics;
}

// What the loss sees of a branch; undefined when there is none.
at::Tensor features_of(const std::vector<graph::Branch>& side, std::size_t i, const Taps* taps) {
  return i < side.size() && taps ? graph::run_branch(side[i], taps->at(side[i].tap)) : at::Tensor();
}

void add_side(std::vector<ProjectorDynamics>& all, const std::vector<graph::Branch>& side, const Taps* taps,
              const std::vector<graph::Branch>& opposite, const Taps* opposite_taps) {
  for (std::size_t i = 0; i < side.size(); ++i) {
    if (!side[i].projector) continue;
    all.push_back(dynamics_of(side[i], taps->at(side[i].tap), features_of(opposite, i, opposite_taps)));
  }
}

}  // namespace

std::optional<at::Tensor> affine_map(Projector& projector, const at::Tensor& features) {
  if (features.dim() != 2 && features.dim() != 3) return std::nullopt;
  const std::int64_t in = features.size(-1);
  const std::int64_t tokens = features.dim() == 3 ? features.size(1) : 1;
  // Row 0 is zero, row i the unit vector i; zeros fill the last sample up.
  const std::int64_t samples = (in + 1 + tokens - 1) / tokens;
  torch::Tensor probe = torch::zeros({samples * tokens, in}, features.options());
  probe.slice(0, 1, in + 1).fill_diagonal_(1.0);
  std::vector<std::int64_t> sizes = features.sizes().vec();
  sizes[0] = samples;

  const torch::NoGradGuard no_grad;
  const torch::Tensor projected = projector.forward(probe.view(sizes));
  if (projected.dim() != features.dim()) return std::nullopt;
  const torch::Tensor rows = projected.reshape({-1, projected.size(-1)});
  if (rows.size(0) != probe.size(0)) return std::nullopt;
  const torch::Tensor matrix = rows.slice(0, 1, in + 1) - rows[0];
  const torch::Tensor expected = projector.forward(features) - rows[0];
  const torch::Tensor error = expected - features.detach().matmul(matrix);
  const bool affine = (error.norm() <= kAffine * expected.norm()).item<bool>();
  return affine ? std::optional(matrix) : std::nullopt;
}

std::vector<ProjectorDynamics> projector_dynamics(const graph::TrainingGraph& graph,
                                                  const graph::ObjectiveInputs& inputs) {
  const torch::NoGradGuard no_grad;
  std::vector<ProjectorDynamics> all;
  for (const graph::Term& term : graph.terms) {
    add_side(all, term.student, &inputs.student, term.teacher, inputs.teacher);
    add_side(all, term.teacher, inputs.teacher, term.student, &inputs.student);
  }
  return all;
}

}  // namespace retort::engine
