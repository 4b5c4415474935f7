#include "normalize.hpp"

#include <torch/types.h>

#include <algorithm>

#include <retort/error.hpp>
#include <retort/shape.hpp>

namespace retort::data {

Normalize::Normalize(const std::vector<double>& mean, const std::vector<double>& deviation, c10::Device device)
    : mean_(mean), deviation_(deviation) {
  if (mean.size() != deviation.size()) {
    throw InvalidParameter("mean and deviation need one value a channel each, found " + std::to_string(mean.size()) +
                           " and " + std::to_string(deviation.size()));
  }
  if (!std::all_of(deviation.begin(), deviation.end(), [](double d) { return d > 0; })) {
    throw InvalidParameter("every deviation must be greater than 0");
  }
  const at::Tensor m = torch::tensor(mean, torch::kFloat64).view({1, -1, 1, 1});
  const at::Tensor d = torch::tensor(deviation, torch::kFloat64).view({1, -1, 1, 1});
  scale_ = (d * 255).reciprocal().to(device, torch::kFloat32);
  shift_ = (-m / d).to(device, torch::kFloat32);
}

at::Tensor Normalize::operator()(const at::Tensor& images) const {
  if (images.dim() != 4 || images.size(1) != scale_.size(1)) {
    throw ShapeError("images must be [N, " + std::to_string(scale_.size(1)) + ", H, W] for the mean given, found " +
                     shape_text(images.sizes()));
  }
  return images.to(torch::kFloat32).mul_(scale_).add_(shift_);
}

}  // namespace retort::data
