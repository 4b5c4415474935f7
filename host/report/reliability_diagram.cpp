#include "reliability_diagram.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "drawing.hpp"
#include "markup.hpp"

namespace retort::report {
namespace {

constexpr double kPanelWidth = 262.0;
constexpr double kSide = 210.0;  // of the square
constexpr double kHistogram = 46.0;
constexpr double kHeight = 26.0 + kSide + 8.0 + kHistogram + 42.0;

double samples_of(const ReliabilityPanel& panel) {
  double samples = 0.0;
  for (const ReliabilityBin& bin : panel.bins) samples += bin.samples;
  return samples;
}

double calibration_error(const ReliabilityPanel& panel) {
  double sum = 0.0;
  for (const ReliabilityBin& bin : panel.bins) sum += bin.samples * std::abs(bin.accuracy - bin.confidence);
  return sum / samples_of(panel);
}

std::string rectangle(const char* classes, double left, double top, double right, double bottom,
                      const std::string& words) {
  return element("rect",
                 {{"class", classes},
                  {"x", coordinate(left)},
                  {"y", coordinate(top)},
                  {"width", coordinate(std::max(right - left, 0.0))},
                  {"height", coordinate(std::max(bottom - top, 0.0))}},
                 element("title", {}, escaped(words)));
}

std::string words_of(const ReliabilityBin& bin) {
  return fmt::format("confidence {:.2f} to {:.2f}: {} samples, mean confidence {:.3f}, accuracy {:.3f}", bin.lower,
                     bin.upper, number_text(bin.samples), bin.confidence, bin.accuracy);
}

std::string draw_panel(const ReliabilityPanel& panel, double offset) {
  const Frame frame{.left = offset + 42.0, .top = 26.0, .right = offset + 42.0 + kSide, .bottom = 26.0 + kSide};
  Extent unit;
  unit.add(0.0);
  unit.add(1.0);
  const Scale x(ScaleKind::Linear, unit, frame.left, frame.right, 5);
  const Scale y(ScaleKind::Linear, unit, frame.bottom, frame.top, 5);
  std::string text = y_axis(frame, y);
  text += text_at(offset + 2, 12,
                  fmt::format("{}: accuracy; ECE {:.4f}", elided(panel.name, 100.0), calibration_error(panel)), "start",
                  "name");
  double most = 0.0;
  for (const ReliabilityBin& bin : panel.bins) most = std::max(most, bin.samples);
  const double floor = frame.bottom + 8.0 + kHistogram;
  for (const ReliabilityBin& bin : panel.bins) {
    if (!(bin.samples > 0.0)) continue;
    const double left = x(bin.lower) + 1;
    const double right = x(bin.upper) - 1;
    text += rectangle("bar", left, y(bin.accuracy), right, frame.bottom, words_of(bin));
    text += line_between(left, y(bin.confidence), right, y(bin.confidence), "confidence");
    text += rectangle("bar faint", left, floor - kHistogram * bin.samples / most, right, floor, words_of(bin));
  }
  text += line_between(x(0.0), y(0.0), x(1.0), y(1.0), "reference");
  return text + x_axis({frame.left, frame.top, frame.right, floor}, x, "confidence");
}

}  // namespace

std::string draw_reliability(const std::string& title, const std::vector<ReliabilityPanel>& panels) {
  std::string text;
  std::string description = title + ".";
  double width = 0.0;
  for (const ReliabilityPanel& panel : panels) {
    if (!(samples_of(panel) > 0.0)) continue;
    text += draw_panel(panel, width);
    description += fmt::format(" Expected calibration error of the {}: {:.4f}.", panel.name, calibration_error(panel));
    width += kPanelWidth;
  }
  return width == 0.0 ? "" : drawing(width, kHeight, description, text, "chart");
}

}  // namespace retort::report
