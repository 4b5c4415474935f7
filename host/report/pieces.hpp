#pragma once

#include <string>
#include <utility>
#include <vector>

// What pages are made of, as HTML. Texts are escaped here; what is called `content` or `note` is markup.
namespace retort::report {

// A drawing under its title, with a sentence below; "" when there is no drawing. `wide`: over the whole page.
std::string figure(const std::string& title, const std::string& content, const std::string& note = "",
                   bool wide = false);
// Several of them beside each other, or "" for none.
std::string gallery(const std::vector<std::string>& figures, const char* classes = "gallery");

struct Table {
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> rows;  // as many cells as heads
  // Columns from this one on hold numbers.
  std::size_t numbers_from = 1;
  bool cells_are_markup = false;  // the heads are text all the same
  const char* classes = "";
};
// Scrolls by itself when it is too wide. "" without a row.
std::string table(const Table& table, const std::string& caption = "");

// Names and what they are; entries without a text are left out.
using Facts = std::vector<std::pair<std::string, std::string>>;
std::string facts(const Facts& facts);

// Large figures: {name, value, a word on it}.
struct Tile {
  std::string name;
  std::string value;
  std::string note;
};
std::string tiles(const std::vector<Tile>& tiles);

std::string heading(int level, const std::string& text);
std::string paragraph(const std::string& text, const char* classes = "");
// What stays folded until somebody wants to see it.
std::string foldable(const std::string& summary, const std::string& content);
std::string preformatted(const std::string& text);
// "finished", "failed", ... with the colour and the sign that it has everywhere.
std::string state_badge(const std::string& state);

// A ratio as "93.33%".
std::string percent(double ratio);

}  // namespace retort::report
