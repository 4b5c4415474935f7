#pragma once

#include <string_view>

namespace retort::report {

// The style sheet of every page.
std::string_view style();

}  // namespace retort::report
