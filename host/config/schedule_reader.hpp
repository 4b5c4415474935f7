#pragma once

#include <string>

#include "experiment.hpp"

namespace retort::config {

// Reads a table of how a value changes; `table` may be nullptr (a constant). `value` is the base unless the table has
// one.
ScheduleSpec read_schedule(const Node* table, double value, const std::string& key, const Origin& origin,
                           Diagnostics& diagnostics);

// A parameter's table, whose schedule must keep within the parameter's range to its end. The base value is the
// parameter's default unless the table has one.
ScheduleSpec read_parameter_schedule(const Node& table, const ParamSpec& parameter, const std::string& key,
                                     Diagnostics& diagnostics);

}  // namespace retort::config
