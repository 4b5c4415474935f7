#include "classes.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <retort/nearest.hpp>

namespace retort::inspect {
namespace {

// The names of a few classes, for a message.
std::string some_classes(const DatasetInfo& data) {
  constexpr std::int64_t kShown = 20;
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < std::min(data.classes, kShown); ++i) names.push_back(class_name(data, i));
  return std::to_string(data.classes) + " classes: " + join(names) + (data.classes > kShown ? ", …" : "");
}

}  // namespace

std::string class_name(const DatasetInfo& data, std::int64_t index) {
  const auto place = static_cast<std::size_t>(index);
  return place < data.names.size() ? data.names[place] : std::to_string(index);
}

std::int64_t find_class(const DatasetInfo& data, const std::string& word) {
  const auto named = std::find(data.names.begin(), data.names.end(), word);
  if (named != data.names.end()) return named - data.names.begin();
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  if (whole && number >= 0 && number < data.classes) return number;
  throw InvalidParameter("there is no class '" + word + "'" + did_you_mean(word, data.names) + " (" +
                         some_classes(data) + ")");
}

std::vector<std::int64_t> find_three_classes(const DatasetInfo& data, const std::vector<std::string>& words) {
  std::vector<std::int64_t> classes;
  for (const std::string& word : words) classes.push_back(find_class(data, word));
  if (classes.size() != 3) {
    throw InvalidParameter("three classes span a plane, found " + std::to_string(classes.size()) + ": " + join(words));
  }
  if (std::set(classes.begin(), classes.end()).size() != 3) {
    throw InvalidParameter("three different classes span a plane, found " + join(words));
  }
  return classes;
}

}  // namespace retort::inspect
