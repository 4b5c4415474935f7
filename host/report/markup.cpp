#include "markup.hpp"

#include <fmt/format.h>

#include "metrics/escape.hpp"

namespace retort::report {
namespace {

std::string opened(const char* name, Attributes attributes) {
  std::string text = std::string("<") + name;
  for (const auto& [key, value] : attributes) text += fmt::format(" {}=\"{}\"", key, escaped(value));
  return text;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : metrics::valid_utf8(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
          result += "\xEF\xBF\xBD";
        } else {
          result += c;
        }
    }
  }
  return result;
}

std::string element(const char* name, Attributes attributes, std::string_view content) {
  return fmt::format("{}>{}</{}>", opened(name, attributes), content, name);
}

std::string element(const char* name, Attributes attributes) {
  return opened(name, attributes) + "/>";
}

std::string coordinate(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

}  // namespace retort::report
