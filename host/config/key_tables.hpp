#pragma once

#include "key_parts.hpp"

// Tables of an experiment that keys.cpp puts together.
namespace retort::config {

ParamSpec run_keys();
ParamSpec metrics_keys();
ParamSpec engine_keys();
ParamSpec published_keys(const char* doc);
ParamSpec study_keys();

}  // namespace retort::config
