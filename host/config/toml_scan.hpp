#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace retort::config {

// toml++ 3.3 recurses once for every part of a dotted key and never stops: a file of 40 KB can overrun the stack. This
// looks over the text before it is parsed.
inline constexpr int kDeepestNesting = 64;

struct ScanProblem {
  int line = 0;
  int column = 0;  // counts code points, as toml++ does
  std::string message;
};

// The first place where a key with its dots and the brackets around it is deeper than kDeepestNesting.
std::optional<ScanProblem> scan_toml(std::string_view text);

}  // namespace retort::config
