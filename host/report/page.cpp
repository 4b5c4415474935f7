#include "page.hpp"

#include <ctime>

#include <fmt/chrono.h>

#include <retort/version.hpp>

#include "markup.hpp"
#include "pieces.hpp"
#include "style.hpp"

namespace retort::report {
namespace {

// What is_report() looks for. The policy keeps a page from loading anything, whatever is in it.
constexpr const char* kBeginning =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"retort "
    "report\">\n";
constexpr const char* kPolicy =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src "
    "data:\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" "
    "href=\"data:,\">\n";

std::string navigation(const std::vector<Section>& sections) {
  std::string items;
  for (const Section& section : sections) {
    items += element("li", {}, element("a", {{"href", fmt::format("#{}", section.id)}}, escaped(section.title)));
  }
  return element("nav", {{"aria-label", "Sections"}}, element("ul", {}, items)) + "\n";
}

}  // namespace

std::string to_html(const Page& page) {
  std::string text = std::string(kBeginning) + kPolicy;
  text += element("title", {}, escaped(page.title)) + "\n";
  text += element("style", {}, style()) + "\n</head>\n<body>\n";
  text += element("header", {}, heading(1, page.title) + page.head + navigation(page.sections)) + "\n<main>\n";
  for (const Section& section : page.sections) {
    text += element("section", {{"id", section.id}}, heading(2, section.title) + section.content) + "\n";
  }
  const std::string when = fmt::format("Written by retort report {}, {:%Y-%m-%d %H:%M:%S} UTC.", RETORT_VERSION_STRING,
                                       fmt::gmtime(std::time(nullptr)));
  text += "</main>\n";
  text += element("footer", {}, paragraph(when));
  return text + "\n</body>\n</html>\n";
}

bool is_report(const std::string& text) {
  return text.starts_with(kBeginning);
}

}  // namespace retort::report
