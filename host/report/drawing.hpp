#pragma once

#include <string>
#include <vector>

#include "scale.hpp"

// What all drawings share: sizes, words, axes.
namespace retort::report {

// Of the text in drawings, in pixels.
inline constexpr double kFontSize = 12.0;
inline constexpr double kLineHeight = 15.0;

// How many colours and line styles the palette of the page has; further series begin anew.
inline constexpr int kPalette = 8;

// About how wide a text is.
double text_width(const std::string& text, double font_size = kFontSize);
// The text, or its beginning and end with an ellipsis between them, so that it is no wider: names often differ at their
// ends.
std::string elided(const std::string& text, double width, double font_size = kFontSize);

// The rectangle that values are drawn in.
struct Frame {
  double left = 0.0;
  double top = 0.0;
  double right = 0.0;
  double bottom = 0.0;
};

std::string text_at(double x, double y, const std::string& text, const char* anchor, const char* classes = "");
std::string line_between(double x1, double y1, double x2, double y2, const char* classes);

// The room that the labels of an axis at the left need.
double tick_room(const Scale& y);
// Grid lines with their labels; labels below that would touch each other are left out.
std::string y_axis(const Frame& frame, const Scale& y);
std::string x_axis(const Frame& frame, const Scale& x, const std::string& title);

// A drawing as a whole. `description` is what somebody hears who cannot see it.
std::string drawing(double width, double height, const std::string& description, const std::string& content,
                    const char* classes = "");

}  // namespace retort::report
