#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace retort::config {

// A way through a document: keys of tables and indices of lists.
using KeyPath = std::vector<std::variant<std::string, std::size_t>>;

// Reads `loss.soft.temperature`, `student[1].tap`, `a."key with . in it"`. Throws Error, naming the position, when
// `text` is no path or has more than kDeepestPath parts.
KeyPath parse_key_path(std::string_view text);

// The longest prefix of `text` that could be a path: up to the first `=` outside quotes.
std::string_view path_before_equals(std::string_view text);

inline constexpr std::size_t kDeepestPath = 64;

// A key as TOML writes it: bare when it may be, else quoted.
std::string key_text(const std::string& key);

// `prefix`.`key`, or `key` when there is no prefix.
std::string join_key(const std::string& prefix, const std::string& key);

}  // namespace retort::config
