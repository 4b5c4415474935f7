#include "pieces.hpp"

#include <fmt/format.h>

#include "markup.hpp"

namespace retort::report {

std::string figure(const std::string& title, const std::string& content, const std::string& note, bool wide) {
  if (content.empty()) return "";
  std::string text = element("figcaption", {}, escaped(title)) + element("div", {{"class", "scroll"}}, content);
  if (!note.empty()) text += element("p", {{"class", "note"}}, note);
  return element("figure", {{"class", wide ? "wide" : ""}}, text) + "\n";
}

std::string gallery(const std::vector<std::string>& figures, const char* classes) {
  std::string content;
  for (const std::string& one : figures) content += one;
  return content.empty() ? "" : element("div", {{"class", classes}}, content) + "\n";
}

std::string table(const Table& table, const std::string& caption) {
  if (table.rows.empty()) return "";
  const auto classes = [&](std::size_t column) { return column >= table.numbers_from ? "number" : ""; };
  std::string heads;
  for (std::size_t i = 0; i < table.heads.size(); ++i) {
    heads += element("th", {{"scope", "col"}, {"class", classes(i)}}, escaped(table.heads[i]));
  }
  std::string body;
  for (const auto& row : table.rows) {
    std::string cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string content = table.cells_are_markup ? row[i] : escaped(row[i]);
      cells += i == 0 ? element("th", {{"scope", "row"}}, content) : element("td", {{"class", classes(i)}}, content);
    }
    body += element("tr", {}, cells) + "\n";
  }
  const std::string title = caption.empty() ? "" : element("caption", {}, escaped(caption));
  return element("div", {{"class", "scroll"}},
                 element("table", {{"class", table.classes}},
                         title + element("thead", {}, element("tr", {}, heads)) + "\n" + element("tbody", {}, body))) +
         "\n";
}

std::string facts(const Facts& facts) {
  std::string text;
  for (const auto& [name, value] : facts) {
    if (!value.empty()) text += element("dt", {}, escaped(name)) + element("dd", {}, escaped(value)) + "\n";
  }
  return text.empty() ? "" : element("dl", {}, text) + "\n";
}

std::string tiles(const std::vector<Tile>& tiles) {
  std::string text;
  for (const auto& [name, value, note] : tiles) {
    text += element("div", {{"class", "tile"}},
                    element("span", {{"class", "name"}}, escaped(name)) + element("strong", {}, escaped(value)) +
                        element("span", {{"class", "small"}}, escaped(note))) +
            "\n";
  }
  return text.empty() ? "" : element("div", {{"class", "tiles"}}, text) + "\n";
}

std::string heading(int level, const std::string& text) {
  return element(fmt::format("h{}", level).c_str(), {}, escaped(text)) + "\n";
}

std::string paragraph(const std::string& text, const char* classes) {
  return element("p", {{"class", classes}}, escaped(text)) + "\n";
}

std::string foldable(const std::string& summary, const std::string& content) {
  return element("details", {}, element("summary", {}, escaped(summary)) + "\n" + content) + "\n";
}

std::string preformatted(const std::string& text) {
  return element("pre", {{"tabindex", "0"}}, escaped(text)) + "\n";
}

std::string state_badge(const std::string& state) {
  const char* const sign = state == "finished"  ? "✓"
                           : state == "failed"  ? "✕"
                           : state == "running" ? "▶"
                           : state == "stopped" ? "❙❙"
                                                : "…";
  return element("span", {{"class", "badge " + state}}, fmt::format("{} {}", sign, escaped(state)));
}

std::string percent(double ratio) {
  return fmt::format("{:.2f}%", 100.0 * ratio);
}

}  // namespace retort::report
