#pragma once

#include <algorithm>
#include <cstdint>

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <torch/csrc/stable/c/shim.h>

namespace retort::kernels {

// In how many parts to divide `size` items so that each has at least `grain` of them: at most one per LibTorch thread.
inline std::int64_t parts_of(std::int64_t size, std::int64_t grain) {
  return std::clamp<std::int64_t>(size / std::max<std::int64_t>(grain, 1), 1, at::get_num_threads());
}

// Calls body(part, begin, end), which does not throw, for each of `parts` nearly equal ranges of [0, size), on
// LibTorch's threads. Ranges depend on `size` and `parts` alone: a sum over partial sums, in their order, is
// reproducible.
//
// at::parallel_for is inline and runs on one thread in code compiled without -fopenmp; with it, a second OpenMP runtime
// would come in. This one is LibTorch's own.
template <class Body>
void parallel_parts(std::int64_t size, std::int64_t parts, const Body& body) {
  struct Work {
    std::int64_t size, parts;
    const Body& body;
  } work{size, parts, body};
  const auto run = [](std::int64_t first, std::int64_t last, void* context) {
    const auto& [size, parts, body] = *static_cast<const Work*>(context);
    for (auto part = first; part < last; ++part) body(part, size * part / parts, size * (part + 1) / parts);
  };
  if (parts == 1) return run(0, 1, &work);
  TORCH_CHECK(torch_parallel_for(0, parts, 1, run, &work) == AOTI_TORCH_SUCCESS, "a parallel loop failed");
}

}  // namespace retort::kernels
