#include "dot_chart.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "drawing.hpp"
#include "markup.hpp"

namespace retort::report {
namespace {

constexpr double kRow = 34.0;
constexpr double kWidestName = 240.0;
constexpr double kRadius = 4.0;

class Painter {
 public:
  explicit Painter(const DotChart& chart) : chart_(chart) {}

  std::string paint() const {
    double names = 0.0;
    for (const DotGroup& group : chart_.groups) {
      names = std::max(names, text_width(elided(group.name, kWidestName)));
    }
    const double rows = kRow * static_cast<double>(chart_.groups.size());
    const Frame frame{.left = names + 16.0, .top = 6.0, .right = chart_.width - 16.0, .bottom = 6.0 + rows};
    const Scale x(ScaleKind::Linear, extent(), frame.left + 8.0, frame.right - 8.0, 8);
    std::string text;
    for (const Tick& tick : x.ticks()) {
      text += line_between(x(tick.value), frame.top, x(tick.value), frame.bottom, "grid");
    }
    if (chart_.reference) {
      const double place = x(*chart_.reference);
      text += line_between(place, frame.top, place, frame.bottom, "reference");
    }
    for (std::size_t i = 0; i < chart_.groups.size(); ++i) {
      text += row(chart_.groups[i], frame, x, frame.top + kRow * (static_cast<double>(i) + 0.5));
    }
    text += x_axis(frame, x, chart_.x);
    return drawing(chart_.width, frame.bottom + 42.0, description(), text, "chart");
  }

  bool empty() const {
    return std::all_of(chart_.groups.begin(), chart_.groups.end(),
                       [](const DotGroup& group) { return group.values.empty(); });
  }

 private:
  Extent extent() const {
    Extent values;
    for (const DotGroup& group : chart_.groups) {
      for (const auto& [name, value] : group.values) values.add(value);
      if (group.mark) values.add(*group.mark);
    }
    const double room = 0.6 * (values.high() - values.low());
    Extent whole = values;
    for (const DotGroup& group : chart_.groups) {
      if (!group.low || !group.high) continue;
      whole.add(std::max(*group.low, values.low() - room));
      whole.add(std::min(*group.high, values.high() + room));
    }
    return whole;
  }

  std::string row(const DotGroup& group, const Frame& frame, const Scale& x, double y) const {
    std::string text = text_at(frame.left - 8, y + 4, elided(group.name, kWidestName), "end", "label");
    if (group.values.empty()) return text;
    if (group.low && group.high) text += interval(group, frame, x, y);
    text += dots(group, x, y);
    const double mean = x(group.mean);
    text += element("g", {{"class", "mean"}},
                    element("title", {}, escaped(fmt::format("{}: mean {}", group.name, number_text(group.mean)))) +
                        line_between(mean, y - 10, mean, y + 10, ""));
    if (group.mark) {
      const double place = x(*group.mark);
      text += element(
          "path", {{"class", "mark"}, {"d", fmt::format("M{0} {1}l5 9h-10z", coordinate(place), coordinate(y - 5))}},
          element("title", {},
                  escaped(fmt::format("{}: {} {}", group.name, chart_.mark_name, number_text(*group.mark)))));
    }
    return text;
  }

  static std::string interval(const DotGroup& group, const Frame& frame, const Scale& x, double y) {
    const double low = std::max(x(*group.low), frame.left + 2);
    const double high = std::min(x(*group.high), frame.right - 2);
    const bool cut_low = x(*group.low) < frame.left;
    const bool cut_high = x(*group.high) > frame.right;
    const std::string path = fmt::format("M{} {}H{}", coordinate(low), coordinate(y), coordinate(high)) +
                             end_of_interval(low, y, 1.0, cut_low) + end_of_interval(high, y, -1.0, cut_high);
    const std::string words = fmt::format("{}: 95% interval of the mean {} to {}", group.name, number_text(*group.low),
                                          number_text(*group.high));
    return element("path", {{"class", "interval"}, {"d", path}}, element("title", {}, escaped(words)));
  }

  // A bar across, or where it was cut an arrowhead; `inwards` is 1 at the left end and -1 at the right one.
  static std::string end_of_interval(double x, double y, double inwards, bool cut) {
    if (!cut) return fmt::format("M{} {}v10", coordinate(x), coordinate(y - 5));
    const double back = x + 6.0 * inwards;
    return fmt::format("M{0} {1}L{2} {3}L{0} {4}", coordinate(back), coordinate(y - 4), coordinate(x), coordinate(y),
                       coordinate(y + 4));
  }

  // Dots that would hide each other stand above each other.
  static std::string dots(const DotGroup& group, const Scale& x, double y) {
    std::vector<DotGroup::Value> values = group.values;
    std::stable_sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    std::string text;
    double before = -1e9;
    int level = 0;
    for (const auto& [name, value] : values) {
      const double place = x(value);
      level = place - before < 2 * kRadius ? (level + 1) % 3 : 0;
      before = place;
      const double shift = level == 0 ? 0.0 : level == 1 ? -2 * kRadius : 2 * kRadius;
      text += element("circle", {{"cx", coordinate(place)}, {"cy", coordinate(y + shift)}, {"r", coordinate(kRadius)}},
                      element("title", {}, escaped(fmt::format("{}, {}: {}", group.name, name, number_text(value)))));
    }
    return element("g", {{"class", "seeds"}}, text);
  }

  std::string description() const {
    std::string text = chart_.title + ". " + chart_.x + ", mean of each group:";
    for (const DotGroup& group : chart_.groups) {
      if (!group.values.empty()) text += fmt::format(" {} {};", group.name, number_text(group.mean));
    }
    text.back() = '.';
    return text;
  }

  const DotChart& chart_;
};

}  // namespace

std::string draw(const DotChart& chart) {
  const Painter painter(chart);
  return painter.empty() ? "" : painter.paint();
}

}  // namespace retort::report
