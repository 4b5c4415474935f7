#include "bar_chart.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "drawing.hpp"
#include "markup.hpp"

namespace retort::report {
namespace {

constexpr double kRow = 26.0;
constexpr double kWidestName = 180.0;

double length_of(double value) {
  return std::isfinite(value) ? std::max(value, 0.0) : 0.0;
}

}  // namespace

std::string draw(const BarChart& chart) {
  if (chart.bars.empty()) return "";
  double names = 0.0;
  double texts = 0.0;
  double longest = 0.0;
  for (const Bar& bar : chart.bars) {
    names = std::max(names, text_width(elided(bar.name, kWidestName)));
    texts = std::max(texts, text_width(bar.text));
    longest = std::max(longest, length_of(bar.value));
  }
  const double left = names + 12.0;
  const double room = std::max(chart.width - left - texts - 14.0, 40.0);
  const double height = kRow * static_cast<double>(chart.bars.size()) + 8.0;
  std::string text = line_between(left, 2, left, height - 2, "axis");
  std::string description = chart.title + ":";
  double y = 4.0;
  for (const Bar& bar : chart.bars) {
    const double width = longest > 0.0 ? room * (length_of(bar.value) / longest) : 0.0;
    text += text_at(left - 8, y + kRow / 2 + 4, elided(bar.name, kWidestName), "end", "label");
    text += element("rect", {{"class", "bar"},
                             {"x", coordinate(left)},
                             {"y", coordinate(y + 4)},
                             {"width", coordinate(width)},
                             {"height", coordinate(kRow - 8)}});
    text += text_at(left + width + 8, y + kRow / 2 + 4, bar.text, "start", "tick");
    description += fmt::format(" {} {};", bar.name, bar.text);
    y += kRow;
  }
  description.back() = '.';
  return drawing(chart.width, height, description, text, "chart");
}

}  // namespace retort::report
