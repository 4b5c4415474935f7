#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

// HTML and SVG as text. Whatever comes from a user goes through escaped().
namespace retort::report {

// For text and for quoted attributes. Bytes that are not UTF-8, and control characters, which no page may contain,
// become U+FFFD.
std::string escaped(std::string_view text);

using Attributes = std::initializer_list<std::pair<const char*, std::string>>;

// "<name a="1">content</name>"; `content` is markup, attributes are escaped here.
std::string element(const char* name, Attributes attributes, std::string_view content);
// "<name a="1"/>", for SVG.
std::string element(const char* name, Attributes attributes);

// A coordinate: no more digits than a pixel needs.
std::string coordinate(double value);

}  // namespace retort::report
