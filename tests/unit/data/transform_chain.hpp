#pragma once

#include <cstdint>
#include <vector>

#include "data/transforms.hpp"

namespace retort::data {

inline config::TransformSpec crop(std::int64_t size, std::int64_t padding) {
  return {.use = "random_crop", .params = {{"size", size}, {"padding", padding}}};
}

inline config::TransformSpec flip(double probability) {
  return {.use = "random_flip", .params = {{"probability", probability}}};
}

inline Transforms chain(const Shape& image, const std::vector<config::TransformSpec>& specs) {
  Transforms transforms(image);
  for (const auto& spec : specs) transforms.add(spec);
  return transforms;
}

}  // namespace retort::data
