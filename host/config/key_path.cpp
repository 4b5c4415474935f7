#include "key_path.hpp"

#include <algorithm>
#include <charconv>

#include <retort/error.hpp>
#include <retort/param.hpp>
#include <retort/value.hpp>

namespace retort::config {
namespace {

constexpr std::string_view kBareCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  KeyPath path() {
    KeyPath path;
    path.emplace_back(key());
    while (at_ < text_.size()) {
      if (path.size() == kDeepestPath) fail("at most " + std::to_string(kDeepestPath) + " parts");
      if (take('[')) {
        path.emplace_back(index());
      } else if (take('.')) {
        path.emplace_back(key());
      } else {
        fail("'.', '[' or the end");
      }
    }
    return path;
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string key() {
    if (take('"')) return quoted('"');
    if (take('\'')) return quoted('\'');
    const std::size_t end = std::min(text_.find_first_not_of(kBareCharacters, at_), text_.size());
    if (end == at_) fail("a key");
    const std::string_view name = text_.substr(at_, end - at_);
    at_ = end;
    return std::string(name);
  }

  std::string quoted(char quote) {
    std::string name;
    while (!take(quote)) {
      if (quote == '"') take('\\');
      if (at_ == text_.size()) fail(std::string("a closing ") + quote);
      name += text_[at_++];
    }
    if (name.empty()) fail("a key that is not empty");
    return name;
  }

  std::size_t index() {
    std::size_t value = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, failure] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (failure != std::errc()) fail("an index");
    at_ += static_cast<std::size_t>(end - begin);
    if (!take(']')) fail("']'");
    return value;
  }

  [[noreturn]] void fail(const std::string& expected) const {
    throw Error("expected " + expected + " at character " + std::to_string(at_ + 1) + " of the key");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

KeyPath parse_key_path(std::string_view text) {
  return Parser(text).path();
}

std::string_view path_before_equals(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '"' && c == '\\') {
      ++i;
    } else if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '=') {
      return text.substr(0, i);
    }
  }
  return text;
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && key.find_first_not_of(kBareCharacters) == std::string::npos;
  return bare ? key : to_toml(Value(key));
}

std::string join_key(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key_text(key) : prefix + "." + key_text(key);
}

}  // namespace retort::config
