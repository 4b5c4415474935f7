#pragma once

#include <ATen/record_function.h>

namespace retort::engine {

// How long this thread spends inside LibTorch's operators, Retort's kernels and autograd nodes while the object lives:
// what is left of a step is the host's own work. Nested operators count once. Watching costs about a microsecond an
// operator, which is not counted as operator time.
class OperatorClock {
 public:
  OperatorClock();
  ~OperatorClock();
  OperatorClock(const OperatorClock&) = delete;
  OperatorClock& operator=(const OperatorClock&) = delete;

  double seconds() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace retort::engine
