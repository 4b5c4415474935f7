#pragma once

#include <string>
#include <vector>

namespace retort::report {

struct Section {
  std::string id;  // of its anchor: letters, digits, hyphens
  std::string title;
  std::string content;  // markup
};

// A whole page, which needs nothing else: no other file, no network, no script.
struct Page {
  std::string title;
  std::string head;  // markup below the title
  std::vector<Section> sections;
};

std::string to_html(const Page& page);

// Whether `text` begins like a page that to_html() made.
bool is_report(const std::string& text);

}  // namespace retort::report
