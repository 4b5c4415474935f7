#include "class_index.hpp"

#include <algorithm>
#include <charconv>

#include <retort/nearest.hpp>

namespace retort::data {
namespace {

// A number, or text that is one: the keys of a TOML table are always text.
std::optional<std::int64_t> number_of(const Value& value) {
  if (value.is<std::int64_t>()) return value.as<std::int64_t>();
  const auto& text = value.as<std::string>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::int64_t> class_index(const config::ClassReference& reference, const DatasetInfo& info,
                                        const std::string& key, config::Diagnostics& diagnostics) {
  if (reference.value.is<std::string>()) {
    const auto named = std::find(info.names.begin(), info.names.end(), reference.value.as<std::string>());
    if (named != info.names.end()) return named - info.names.begin();
  }
  const auto number = number_of(reference.value);
  if (number && *number >= 0 && *number < info.classes) return number;
  const std::string numbers = "a number from 0 to " + std::to_string(info.classes - 1);
  std::string message = key + ": there is no class " + to_toml(reference.value);
  if (!number) message += did_you_mean(reference.value.as<std::string>(), info.names);
  message += info.names.empty() ? " (expected " + numbers + ")"
                                : " (expected " + numbers + ", or a name: " + join(info.names) + ")";
  diagnostics.error(reference.origin, message);
  return std::nullopt;
}

}  // namespace retort::data
