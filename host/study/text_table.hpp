#pragma once

#include <string>
#include <vector>

namespace retort::study {

using Rows = std::vector<std::vector<std::string>>;  // the first one: the heads

// Columns of the width that they need, in monospaced text. `numbers`: columns that are aligned to the right.
std::string text_table(const Rows& rows, const std::vector<bool>& numbers);

}  // namespace retort::study
