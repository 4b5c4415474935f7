#pragma once

#include <string>
#include <vector>

namespace retort::app {

// The words this process was started with.
std::vector<std::string> command_line();

}  // namespace retort::app
