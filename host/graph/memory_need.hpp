#pragma once

#include <cstdint>

namespace retort::graph {

// What training takes of the device's memory, in bytes, as the plugins compute it in float32; passes and lower
// precision take less. The images are not in it.
struct MemoryNeed {
  std::int64_t weights = 0;      // of the trained modules and the teacher
  std::int64_t gradients = 0;    // of the weights that are trained
  std::int64_t optimizer = 0;    // what it remembers of them
  std::int64_t activations = 0;  // of one batch: the most that forward and backward pass hold at once

  std::int64_t total() const { return weights + gradients + optimizer + activations; }
};

}  // namespace retort::graph
