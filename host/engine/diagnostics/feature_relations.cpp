#include "feature_relations.hpp"

#include <torch/types.h>

namespace retort::engine {
namespace {

// Beyond these a correlation changes in its third digit.
constexpr std::int64_t kMaxRows = 16384;

// A deviation of that share of the mean is rounding in single precision.
constexpr double kRounding = 1e-6;

}  // namespace

at::Tensor observations(const at::Tensor& features) {
  torch::Tensor rows = features.detach();
  if (rows.dim() == 4) rows = rows.movedim(1, -1);
  if (rows.dim() > 2) rows = rows.flatten(0, -2);
  const std::int64_t stride = (rows.size(0) + kMaxRows - 1) / kMaxRows;
  return rows.slice(0, 0, rows.size(0), stride).to(torch::kDouble);
}

at::Tensor standardized(const at::Tensor& observations) {
  const torch::Tensor mean = observations.mean(0);
  const torch::Tensor centered = observations - mean;
  const torch::Tensor deviation = centered.square().mean(0).sqrt();
  return torch::where(deviation > kRounding * mean.abs(), centered / deviation, torch::zeros({}, mean.options()));
}

double mean_correlation(const at::Tensor& standardized) {
  const torch::Tensor correlation = standardized.t().mm(standardized) / standardized.size(0);
  const torch::Tensor diagonal = correlation.diagonal();
  const double varying = (diagonal > 0.5).sum().item<double>();  // 1 for each column, 0 for one that does not vary
  const double total = (correlation.abs().sum() - diagonal.sum()).item<double>();
  return varying > 1 ? total / (varying * (varying - 1)) : std::numeric_limits<double>::quiet_NaN();
}

Relations relations(const at::Tensor& input, const at::Tensor& output, const at::Tensor& target) {
  const auto norm = [&](const at::Tensor& other) {
    return (input.t().mm(other) / input.size(0)).norm().item<double>();
  };
  return {norm(input), norm(target), norm(target - output)};
}

}  // namespace retort::engine
