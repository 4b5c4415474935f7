#pragma once

#include <cstdint>

#include <ATen/record_function.h>

namespace retort::graph {

// Counts the floating-point operations of convolutions and matrix products that this thread runs while it lives:
// two for each multiply-add, as most papers' FLOPs count them; element-wise operations are left out.
// It watches LibTorch's own operators, so it asks nothing of a model.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;

  std::int64_t count() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace retort::graph
