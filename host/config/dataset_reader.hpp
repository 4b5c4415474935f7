#pragma once

#include "component_reader.hpp"

namespace retort::config {

// Reads the table [dataset]. Classes stay as they are named: what they are is known once the data set has been opened.
DatasetSpec read_dataset(const Node& table, const ReadContext& context);

}  // namespace retort::config
