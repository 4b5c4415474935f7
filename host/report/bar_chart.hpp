#pragma once

#include <string>
#include <vector>

namespace retort::report {

struct Bar {
  std::string name;
  double value = 0.0;
  std::string text;  // what stands behind the bar
};

struct BarChart {
  std::string title;
  std::vector<Bar> bars;
  double width = 540.0;
};

// Lying bars from 0. Values that are not finite or negative count as 0. "" without a bar.
std::string draw(const BarChart& chart);

}  // namespace retort::report
