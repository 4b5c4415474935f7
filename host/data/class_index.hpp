#pragma once

#include <optional>
#include <string>

#include <retort/dataset.hpp>

#include "config/experiment.hpp"

namespace retort::data {

// The class that a name means, or a number; nothing when it is none of the data set's. A name wins over a number.
std::optional<std::int64_t> find_class(const DatasetInfo& info, const std::string& word);

// What is wrong with a name or number that is no class: the nearest name, and what there is.
std::string no_such_class(const DatasetInfo& info, const Value& reference);

// The class that a name or number of the experiment means. What is none of the data set's is reported under `key`, with
// the nearest name.
std::optional<std::int64_t> class_index(const config::ClassReference& reference, const DatasetInfo& info,
                                        const std::string& key, config::Diagnostics& diagnostics);

}  // namespace retort::data
