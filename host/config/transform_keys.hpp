#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <retort/param.hpp>

namespace retort::config {

struct RandomCropKeys {
  std::int64_t size = 0;
  std::int64_t padding = 0;

  static Fields<RandomCropKeys> fields();
};

struct RandomFlipKeys {
  double probability = 0.5;

  static Fields<RandomFlipKeys> fields();
};

// A transform of the training images: its parameters, in the order in which "name(1, 2)" gives them.
struct TransformKeys {
  std::string use;
  std::string doc;
  std::vector<ParamSpec> params;
};

const std::vector<TransformKeys>& transforms();

}  // namespace retort::config
