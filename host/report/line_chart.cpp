#include "line_chart.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "drawing.hpp"
#include "markup.hpp"
#include "separation.hpp"

namespace retort::report {
namespace {

constexpr std::size_t kPointsOfALine = 800;
constexpr std::size_t kPointsWithValues = 120;  // that can be pointed at
constexpr std::size_t kPointsWithDots = 40;     // up to which every point is seen
constexpr double kWidestLabel = 150.0;

class Painter {
 public:
  explicit Painter(const LineChart& chart) : chart_(chart) {
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
      if (!has_points(chart.series[i])) continue;
      lines_.push_back({.series = &chart.series[i]});
      Line& line = lines_.back();
      line.color = line.series->color >= 0 ? line.series->color : static_cast<int>(i);
      line.last = last_value(*line.series);
    }
  }

  bool empty() const { return lines_.empty(); }

  std::string paint() {
    Extent xs;
    Extent ys;
    measure(xs, ys);
    const ScaleKind kind = chart_.scale.value_or(fitting_scale(ys));
    const double label_room = make_labels();
    const double height = std::max(chart_.height, kLineHeight * static_cast<double>(lines_.size()) + 75.0);
    Frame frame{.left = 0.0, .top = 26.0, .right = chart_.width - label_room, .bottom = height - 42.0};
    const Scale y(kind, ys, frame.bottom, frame.top, 5);
    frame.left = tick_room(y);
    const Scale x(ScaleKind::Linear, xs, frame.left, frame.right, 6, {.rounded = false, .least_step = 1.0});

    std::string text = y_axis(frame, y) + x_axis(frame, x, chart_.x);
    const std::string unit = chart_.y + (y.kind() == ScaleKind::Logarithmic ? " (logarithmic)" : "");
    text += text_at(2, 12, unit, "start", "name");
    for (const Series& series : chart_.background) {
      text += element("path", {{"class", "background"}, {"d", path_of(series, x, y)}});
    }
    for (const Line& line : lines_) text += band(line, x, y);
    for (const Line& line : lines_) text += stroke(line, x, y);
    text += labels(frame, y);
    return drawing(chart_.width, height, description(), text, "chart");
  }

 private:
  struct Line {
    const Series* series = nullptr;
    int color = 0;
    double last = 0.0;  // the last finite value
    std::string label;
    std::string value;
  };

  static double last_value(const Series& series) {
    const auto found = std::find_if(series.points.rbegin(), series.points.rend(),
                                    [](const Point& point) { return std::isfinite(point.y); });
    return found->y;
  }

  void measure(Extent& xs, Extent& ys) const {
    const auto add = [&](const Series& series) {
      for (const Point& point : series.points) {
        if (!std::isfinite(point.y)) continue;
        xs.add(point.x);
        ys.add(point.y);
      }
      for (const Band& band : series.band) {
        ys.add(band.low);
        ys.add(band.high);
      }
    };
    for (const Line& line : lines_) add(*line.series);
    for (const Series& series : chart_.background) add(series);
  }

  // The room that they need at the right.
  double make_labels() {
    double room = 0.0;
    for (Line& line : lines_) {
      line.label = elided(line.series->name, kWidestLabel);
      line.value = number_text(line.last);
      const std::string whole = line.label.empty() ? line.value : line.label + "  " + line.value;
      room = std::max(room, text_width(whole));
    }
    return room + 18.0;
  }

  // Beyond the palette a colour comes again with other dashes.
  static std::string classes(const char* what, const Line& line) {
    const int color = line.color % kPalette;
    return fmt::format("{} s{} d{}", what, color, (color + line.color / kPalette) % kPalette);
  }

  static std::string band(const Line& line, const Scale& x, const Scale& y) {
    std::string upper;
    std::string lower;
    for (const Band& one : line.series->band) {
      const double top = y(one.high);
      const double bottom = y(one.low);
      if (!std::isfinite(top) || !std::isfinite(bottom)) continue;
      upper += fmt::format("{},{} ", coordinate(x(one.x)), coordinate(top));
      lower.insert(0, fmt::format("{},{} ", coordinate(x(one.x)), coordinate(bottom)));
    }
    if (upper.empty()) return "";
    return element("polygon", {{"class", classes("band", line)}, {"points", upper + lower}});
  }

  static std::string path_of(const Series& series, const Scale& x, const Scale& y) {
    std::string path;
    bool pen_down = false;
    for (const Point& point : thinned(series.points, kPointsOfALine)) {
      const double place = y(point.y);
      if (!std::isfinite(place)) {
        pen_down = false;
        continue;
      }
      path += fmt::format("{}{} {}", pen_down ? "L" : "M", coordinate(x(point.x)), coordinate(place));
      pen_down = true;
    }
    return path;
  }

  static std::string stroke(const Line& line, const Scale& x, const Scale& y) {
    return element("path", {{"class", classes("line", line)}, {"d", path_of(*line.series, x, y)}}) + dots(line, x, y);
  }

  static std::string dots(const Line& line, const Scale& x, const Scale& y) {
    const char* const kind = line.series->points.size() <= kPointsWithDots ? "dot" : "dot hidden";
    std::string text;
    for (const Point& point : thinned(line.series->points, kPointsWithValues)) {
      const double place = y(point.y);
      if (!std::isfinite(place)) continue;
      const std::string name = line.series->name.empty() ? "" : line.series->name + ", ";
      const std::string value = fmt::format("{}{}: {}", name, number_text(point.x), number_text(point.y));
      text += element("circle", {{"cx", coordinate(x(point.x))}, {"cy", coordinate(place)}, {"r", "2.5"}},
                      element("title", {}, escaped(value)));
    }
    return element("g", {{"class", classes(kind, line)}}, text);
  }

  std::string labels(const Frame& frame, const Scale& y) const {
    std::vector<double> wanted;
    for (const Line& line : lines_) wanted.push_back(y(line.last));
    // On a logarithmic scale the last value may have no place.
    for (double& place : wanted) place = std::isfinite(place) ? place : frame.bottom;
    const std::vector<double> places = spread(wanted, kLineHeight, frame.top, frame.bottom);
    std::string text;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      text += element("path", {{"class", classes("leader", line)},
                               {"d", fmt::format("M{} {}L{} {}", coordinate(frame.right + 1), coordinate(wanted[i]),
                                                 coordinate(frame.right + 12), coordinate(places[i]))}});
      const std::string name =
          line.label.empty() ? "" : element("tspan", {{"class", "label"}}, escaped(line.label)) + " ";
      text +=
          element("text", {{"x", coordinate(frame.right + 15)}, {"y", coordinate(places[i] + 4)}, {"class", "tick"}},
                  name + escaped(line.value));
    }
    return text;
  }

  std::string description() const {
    std::string text = chart_.title + ". Over " + chart_.x + ":";
    for (const Line& line : lines_) {
      text += fmt::format(" {}{} in the end;", line.series->name.empty() ? "" : line.series->name + " ",
                          number_text(line.last));
    }
    text.back() = '.';
    return text;
  }

  const LineChart& chart_;
  std::vector<Line> lines_;
};

}  // namespace

std::string draw(const LineChart& chart) {
  Painter painter(chart);
  return painter.empty() ? "" : painter.paint();
}

}  // namespace retort::report
