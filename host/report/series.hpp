#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace retort::report {

struct Point {
  double x = 0.0;
  double y = 0.0;  // one that is not finite is a gap in the line
};

struct Band {
  double x = 0.0;
  double low = 0.0;
  double high = 0.0;
};

// A line of a chart.
struct Series {
  std::string name;
  std::vector<Point> points;    // in the order of x
  std::vector<Band> band = {};  // around the line; may be empty
  int color = -1;               // its place in the palette; -1: that of its place in the chart
};

// At most about `limit` points that look like all of them: of each stretch the lowest and the highest, in their order,
// and a gap where the stretch has one. The first and the last point stay.
std::vector<Point> thinned(const std::vector<Point>& points, std::size_t limit);

// Whether there is anything to see: a finite point at least.
bool has_points(const Series& series);
// Whether any of them is a line: two finite points at least.
bool has_line(const std::vector<Series>& series);

}  // namespace retort::report
