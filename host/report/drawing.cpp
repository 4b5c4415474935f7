#include "drawing.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "markup.hpp"

namespace retort::report {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

}  // namespace

double text_width(const std::string& text, double font_size) {
  // The mean width of a character of a sans-serif font, and a little more: too much room is better than too little.
  return 0.58 * font_size * static_cast<double>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string elided(const std::string& text, double width, double font_size) {
  if (text_width(text, font_size) <= width) return text;
  std::vector<std::string> characters;
  for (const char c : text) {
    if (characters.empty() || begins_character(c)) characters.emplace_back();
    characters.back() += c;
  }
  const auto room = static_cast<std::size_t>(std::max(width / text_width("m", font_size) - 1.0, 0.0));
  std::string result;
  for (std::size_t i = 0; i < (room + 1) / 2; ++i) result += characters[i];
  result += "…";
  for (std::size_t i = characters.size() - room / 2; i < characters.size(); ++i) result += characters[i];
  return result;
}

std::string text_at(double x, double y, const std::string& text, const char* anchor, const char* classes) {
  return element("text", {{"x", coordinate(x)}, {"y", coordinate(y)}, {"text-anchor", anchor}, {"class", classes}},
                 escaped(text));
}

std::string line_between(double x1, double y1, double x2, double y2, const char* classes) {
  return element("line", {{"x1", coordinate(x1)},
                          {"y1", coordinate(y1)},
                          {"x2", coordinate(x2)},
                          {"y2", coordinate(y2)},
                          {"class", classes}});
}

double tick_room(const Scale& y) {
  double room = 0.0;
  for (const Tick& tick : y.ticks()) room = std::max(room, text_width(tick.label));
  return room + 10.0;
}

std::string y_axis(const Frame& frame, const Scale& y) {
  std::string text;
  double last = std::numeric_limits<double>::infinity();
  for (const Tick& tick : y.ticks()) {
    const double place = y(tick.value);
    text += line_between(frame.left, place, frame.right, place, "grid");
    if (last - place < kLineHeight) continue;
    text += text_at(frame.left - 6, place + 4, tick.label, "end", "tick");
    last = place;
  }
  return text;
}

std::string x_axis(const Frame& frame, const Scale& x, const std::string& title) {
  std::string text = line_between(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  double end = -std::numeric_limits<double>::infinity();
  for (const Tick& tick : x.ticks()) {
    const double place = x(tick.value);
    const double half = text_width(tick.label) / 2;
    text += line_between(place, frame.bottom, place, frame.bottom + 4, "axis");
    if (place - half < end + 6) continue;
    text += text_at(place, frame.bottom + 17, tick.label, "middle", "tick");
    end = place + half;
  }
  return text + text_at((frame.left + frame.right) / 2, frame.bottom + 34, title, "middle", "name");
}

std::string drawing(double width, double height, const std::string& description, const std::string& content,
                    const char* classes) {
  return element("svg",
                 {{"viewBox", fmt::format("0 0 {} {}", coordinate(width), coordinate(height))},
                  {"width", coordinate(width)},
                  {"height", coordinate(height)},
                  {"role", "img"},
                  {"aria-label", description},
                  {"class", classes}},
                 content);
}

}  // namespace retort::report
