#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scale.hpp"
#include "series.hpp"

namespace retort::report {

struct LineChart {
  std::string title;
  std::string x = "step";  // what is counted from left to right
  std::string y;           // what the values are; may be empty
  std::vector<Series> series;
  std::vector<Series> background = {};  // without names and bands, to be compared with
  std::optional<ScaleKind> scale;       // of the values; none: what fits them
  double width = 540.0;
  double height = 280.0;
};

// Lines with their names and last values behind them; each value can be read by pointing at it. Series without a finite
// value are left out. "" when nothing is left.
std::string draw(const LineChart& chart);

}  // namespace retort::report
