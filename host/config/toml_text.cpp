#include "toml_text.hpp"

#include <algorithm>
#include <vector>

#include <retort/param.hpp>

#include "key_path.hpp"

namespace retort::config {
namespace {

class Writer {
 public:
  explicit Writer(const TomlStyle& style) : style_(style) {}

  std::string document(const Node& table) {
    section(table, "");
    return std::move(text_);
  }

 private:
  struct Line {
    std::string text;
    const Origin* origin;
  };

  void section(const Node& table, const std::string& name) {
    std::vector<Line> lines;
    bool has_tables = false;
    for (const Node::Entry& entry : table.entries()) {
      if (entry.value.is_table()) {
        has_tables = true;
      } else {
        lines.push_back({key_text(entry.key) + " = " + inline_text(entry.value), &entry.value.origin()});
      }
    }
    // A table that only holds tables is there by its sections.
    if (!name.empty() && (!lines.empty() || !has_tables)) {
      text_ += (text_.empty() ? "[" : "\n[") + name + "]\n";
    }
    write(lines);
    for (const Node::Entry& entry : table.entries()) {
      if (entry.value.is_table()) section(entry.value, join_key(name, entry.key));
    }
  }

  void write(const std::vector<Line>& lines) {
    std::size_t width = 0;
    for (const Line& line : lines) width = std::max(width, line.text.size());
    for (const Line& line : lines) {
      text_ += line.text;
      if (style_.origins) text_ += std::string(width - line.text.size(), ' ') + "  # " + line.origin->text();
      text_ += '\n';
    }
  }

  std::string inline_text(const Node& node) const {
    std::string text;
    if (node.is_list()) {
      for (const Node& item : node.items()) text += (text.empty() ? "" : ", ") + inline_text(item);
      return "[" + text + "]";
    }
    if (node.is_table()) {
      for (const Node::Entry& entry : node.entries()) {
        text += (text.empty() ? "" : ", ") + key_text(entry.key) + " = " + inline_text(entry.value);
      }
      return text.empty() ? "{}" : "{ " + text + " }";
    }
    const std::string* const written = style_.values ? nullptr : node.written();
    return to_toml(written ? Value(*written) : node.scalar());
  }

  TomlStyle style_;
  std::string text_;
};

}  // namespace

std::string toml_text(const Node& document, const TomlStyle& style) {
  return Writer(style).document(document);
}

}  // namespace retort::config
