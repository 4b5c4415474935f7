#include "series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace retort::report {
namespace {

std::size_t finite_points(const Series& series) {
  return static_cast<std::size_t>(std::count_if(series.points.begin(), series.points.end(),
                                                [](const Point& point) { return std::isfinite(point.y); }));
}

// What stands for points [begin, end).
void add_stretch(const std::vector<Point>& points, std::size_t begin, std::size_t end, std::vector<Point>& result) {
  std::optional<std::size_t> low;
  std::optional<std::size_t> high;
  bool gap = false;
  for (std::size_t i = begin; i < end; ++i) {
    if (!std::isfinite(points[i].y)) {
      gap = true;
      continue;
    }
    if (!low || points[i].y < points[*low].y) low = i;
    if (!high || points[i].y > points[*high].y) high = i;
  }
  if (low) {
    result.push_back(points[std::min(*low, *high)]);
    if (*low != *high) result.push_back(points[std::max(*low, *high)]);
  }
  if (gap) result.push_back({points[end - 1].x, std::numeric_limits<double>::quiet_NaN()});
}

}  // namespace

std::vector<Point> thinned(const std::vector<Point>& points, std::size_t limit) {
  if (points.size() <= std::max<std::size_t>(limit, 4)) return points;
  const std::size_t stretches = std::max<std::size_t>(limit / 2, 2) - 1;
  const std::size_t inner = points.size() - 2;
  std::vector<Point> result{points.front()};
  for (std::size_t i = 0; i < stretches; ++i) {
    const std::size_t begin = 1 + inner * i / stretches;
    const std::size_t end = 1 + inner * (i + 1) / stretches;
    if (begin < end) add_stretch(points, begin, end, result);
  }
  result.push_back(points.back());
  return result;
}

bool has_points(const Series& series) {
  return finite_points(series) > 0;
}

bool has_line(const std::vector<Series>& series) {
  return std::any_of(series.begin(), series.end(), [](const Series& one) { return finite_points(one) > 1; });
}

}  // namespace retort::report
