#include "diagnosis_report.hpp"

#include <fmt/format.h>

namespace retort::run {
namespace {

using metrics::Metric;
using Values = std::vector<metrics::SeriesValue>;

void add_gradients(Values& values, const graph::TrainingGraph& graph, const engine::TermGradients& gradients) {
  for (std::size_t i = 0; i < graph.terms.size(); ++i) {
    const std::string& term = graph.terms[i].name;
    values.push_back({Metric::TermGradientNorm, {term}, "gradient_norm." + term, gradients.norms[i]});
    for (std::size_t j = i + 1; j < graph.terms.size(); ++j) {
      const std::string& other = graph.terms[j].name;
      values.push_back({Metric::GradientCosine,
                        {term, other},
                        fmt::format("gradient_cosine.{}.{}", term, other),
                        gradients.cosines[i][j]});
    }
  }
}

void add_spectra(Values& values, const engine::ProjectorDynamics& projector) {
  for (const auto& [weight, spectrum] : projector.weights) {
    const std::string place = projector.projector + "." + weight;
    for (const auto& [which, value] : {std::pair("max", spectrum.largest), std::pair("min", spectrum.smallest)}) {
      values.push_back({Metric::ProjectorSingularValue,
                        {projector.projector, weight, which},
                        fmt::format("{}.singular_value_{}", place, which),
                        value});
    }
    values.push_back({Metric::ProjectorEffectiveRank,
                      {projector.projector, weight},
                      place + ".effective_rank",
                      spectrum.effective_rank});
  }
}

void add_features(Values& values, const engine::ProjectorDynamics& projector) {
  const auto add = [&](Metric metric, const char* family, const char* label, double value) {
    values.push_back(
        {metric, {projector.projector, label}, fmt::format("{}.{}.{}", projector.projector, family, label), value});
  };
  add(Metric::ProjectorFeatureCorrelation, "correlation", "input", projector.input_correlation);
  add(Metric::ProjectorFeatureCorrelation, "correlation", "output", projector.output_correlation);
  if (!projector.relations) return;
  add(Metric::ProjectorRelationNorm, "relation", "self", projector.relations->self);
  add(Metric::ProjectorRelationNorm, "relation", "cross", projector.relations->cross);
  add(Metric::ProjectorRelationNorm, "relation", "residual", projector.relations->residual);
}

}  // namespace

Values diagnosis_report(const graph::TrainingGraph& graph, const engine::Diagnosis& diagnosis) {
  Values values;
  add_gradients(values, graph, diagnosis.gradients);
  for (const engine::ProjectorDynamics& projector : diagnosis.projectors) {
    add_spectra(values, projector);
    add_features(values, projector);
  }
  return values;
}

}  // namespace retort::run
