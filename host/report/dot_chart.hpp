#pragma once

#include <optional>
#include <string>
#include <vector>

namespace retort::report {

// One row of a dot chart: single values, their mean and how sure it is.
struct DotGroup {
  struct Value {
    std::string name;  // "seed 1"
    double value = 0.0;
  };
  std::string name;
  std::vector<Value> values;
  double mean = 0.0;
  std::optional<double> low;  // interval of the mean
  std::optional<double> high;
  std::optional<double> mark;  // another value beside them, such as a published one
};

struct DotChart {
  std::string title;
  std::string x;  // what the values are
  std::vector<DotGroup> groups;
  std::optional<double> reference;  // a line through all rows
  std::string mark_name;            // what the marks are
  double width = 1000.0;
};

// Every value as a dot, the mean as a bar across the line of its interval. An interval that would press the values
// together (of two values it is easily ten times as wide) is cut, with an arrow where it goes on. "" without a value.
std::string draw(const DotChart& chart);

}  // namespace retort::report
