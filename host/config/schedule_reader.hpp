#pragma once

#include <string>

#include "experiment.hpp"

namespace retort::config {

// Reads a table of how a value changes; `table` may be nullptr (a constant). `value` is the base unless the table has
// one.
ScheduleSpec read_schedule(const Node* table, double value, const std::string& key, const Origin& origin,
                           Diagnostics& diagnostics);

}  // namespace retort::config
