#pragma once

#include <functional>

#include <retort/testing.hpp>
#include <retort/testing_operators.hpp>

namespace retort::testing {

// What capture_safe() claims: `first` and `second` run the component on different values of one shape. They must call
// the same operators, and none that waits for the device.
void check_capture_safe(const std::function<void()>& first, const std::function<void()>& second, Failures& failures);

}  // namespace retort::testing
