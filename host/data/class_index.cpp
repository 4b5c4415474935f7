#include "class_index.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include <retort/nearest.hpp>

namespace retort::data {
namespace {

bool is_class(const DatasetInfo& info, std::int64_t number) {
  return number >= 0 && number < info.classes;
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::int64_t> find_class(const DatasetInfo& info, const std::string& word) {
  const auto named = std::find(info.names.begin(), info.names.end(), word);
  if (named != info.names.end()) return named - info.names.begin();
  const auto number = number_of(word);
  return number && is_class(info, *number) ? number : std::nullopt;
}

std::string no_such_class(const DatasetInfo& info, const Value& reference) {
  constexpr std::size_t kShown = 20;
  std::string message = "there is no class " + to_toml(reference);
  if (reference.is<std::string>() && !number_of(reference.as<std::string>())) {
    message += did_you_mean(reference.as<std::string>(), info.names);
  }
  message += " (expected a number from 0 to " + std::to_string(info.classes - 1);
  if (!info.names.empty()) {
    message += ", or a name: " + join(std::span(info.names).first(std::min(info.names.size(), kShown)));
    if (info.names.size() > kShown) message += ", …";
  }
  return message + ")";
}

std::optional<std::int64_t> class_index(const config::ClassReference& reference, const DatasetInfo& info,
                                        const std::string& key, config::Diagnostics& diagnostics) {
  if (reference.value.is<std::string>()) {
    if (const auto found = find_class(info, reference.value.as<std::string>())) return found;
  } else if (const auto number = reference.value.as<std::int64_t>(); is_class(info, number)) {
    return number;
  }
  diagnostics.error(reference.origin, key + ": " + no_such_class(info, reference.value));
  return std::nullopt;
}

}  // namespace retort::data
