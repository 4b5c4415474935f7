#pragma once

#include <functional>
#include <string>
#include <vector>

namespace retort::testing {

// The operators that `body` calls on this thread, by name, in order: "aten::add", and kernels that report themselves
// (retort/kernels/report.hpp).
std::vector<std::string> operators_of(const std::function<void()>& body);

}  // namespace retort::testing
