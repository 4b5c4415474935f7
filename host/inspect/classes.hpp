#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <retort/dataset.hpp>

namespace retort::inspect {

// The name of a class, or its number when the data set names none.
std::string class_name(const DatasetInfo& data, std::int64_t index);

// Three different classes, each by name or number, in the order given. Throws InvalidParameter.
std::vector<std::int64_t> find_three_classes(const DatasetInfo& info, const std::vector<std::string>& words);

}  // namespace retort::inspect
