#pragma once

#include <ATen/record_function.h>

// Reports the rest of the scope to profilers as an operator of this name, "retort::huber", as LibTorch's own operators
// report themselves: a trace shows it, and `retort bench` counts it as computing, not as work of the host. What
// autograd calls in a backward pass reports itself.
#define RETORT_REPORT_KERNEL(name) RECORD_FUNCTION(name, c10::ArrayRef<const c10::IValue>())
