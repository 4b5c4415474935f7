#pragma once

#include "node.hpp"

namespace retort::config {

// Makes every `library` and `weights` of an experiment absolute, and every model's `package`: a relative one starts at
// the folder of the file in which it was written (from the command line: at the working directory). Other parameters of
// components are left alone.
void make_paths_absolute(Node& document);

}  // namespace retort::config
