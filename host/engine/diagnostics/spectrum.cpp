#include "spectrum.hpp"

#include <cmath>
#include <limits>

#include <torch/types.h>

namespace retort::engine {

Spectrum spectrum(const at::Tensor& weight) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const torch::Tensor matrix = weight.detach().flatten(1).to(torch::kDouble);
  if (!torch::isfinite(matrix).all().item<bool>()) return {kNan, kNan, kNan};
  const torch::Tensor values = torch::linalg_svdvals(matrix).cpu();  // descending
  const double sum = values.sum().item<double>();
  Spectrum spectrum{.largest = values[0].item<double>(), .smallest = values[-1].item<double>()};
  if (sum > 0.0) {
    const torch::Tensor shares = values / sum;
    spectrum.effective_rank = std::exp(-torch::xlogy(shares, shares).sum().item<double>());
  }
  return spectrum;
}

}  // namespace retort::engine
