#include "classes.hpp"

#include <set>

#include <retort/nearest.hpp>

#include "data/class_index.hpp"

namespace retort::inspect {

std::string class_name(const DatasetInfo& data, std::int64_t index) {
  const auto place = static_cast<std::size_t>(index);
  return place < data.names.size() ? data.names[place] : std::to_string(index);
}

std::vector<std::int64_t> find_three_classes(const DatasetInfo& info, const std::vector<std::string>& words) {
  std::vector<std::int64_t> classes;
  for (const std::string& word : words) {
    const auto found = data::find_class(info, word);
    if (!found) throw InvalidParameter(data::no_such_class(info, Value(word)));
    classes.push_back(*found);
  }
  if (classes.size() != 3) {
    throw InvalidParameter("three classes span a plane, found " + std::to_string(classes.size()) + ": " + join(words));
  }
  if (std::set(classes.begin(), classes.end()).size() != 3) {
    throw InvalidParameter("three different classes span a plane, found " + join(words));
  }
  return classes;
}

}  // namespace retort::inspect
