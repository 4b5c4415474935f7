#include "toml_scan.hpp"

#include <vector>

namespace retort::config {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<ScanProblem> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') advance();
        continue;
      }
      count(c);
      if (depth_ > kDeepestNesting) {
        return ScanProblem{line_, column_,
                           "keys and brackets are nested more than " + std::to_string(kDeepestNesting) + " deep"};
      }
      advance();
    }
    return std::nullopt;
  }

 private:
  // Each open bracket, and each dot since the last key began, is one level; a bracket remembers its own dots.
  void count(char c) {
    if (c == '.') {
      ++dots_.back();
      ++depth_;
    } else if (c == '[' || c == '{') {
      dots_.push_back(0);
      ++depth_;
    } else if (c == ',' || c == '\n') {
      forget_dots();
    } else if ((c == ']' || c == '}') && dots_.size() > 1) {
      forget_dots();
      dots_.pop_back();
      --depth_;
    }
  }

  void forget_dots() {
    depth_ -= dots_.back();
    dots_.back() = 0;
  }

  void skip_string(char quote) {
    const std::string_view triple = quote == '"' ? R"(""")" : "'''";
    const bool multiline = text_.substr(at_).starts_with(triple);
    const std::string_view end = multiline ? triple : triple.substr(0, 1);
    for (std::size_t i = 0; i < end.size(); ++i) advance();
    while (at_ < text_.size() && !text_.substr(at_).starts_with(end)) {
      if (!multiline && text_[at_] == '\n') return;  // unterminated: the parser says so
      if (quote == '"' && text_[at_] == '\\') advance();
      advance();
    }
    for (std::size_t i = 0; i < end.size(); ++i) advance();
  }

  void advance() {
    if (at_ >= text_.size()) return;
    const char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
  int depth_ = 0;
  std::vector<int> dots_{0};
};

}  // namespace

std::optional<ScanProblem> scan_toml(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace retort::config
