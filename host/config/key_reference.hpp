#pragma once

#include <string>

namespace retort::config {

// Every key of the host as Markdown: one section a table.
std::string key_reference();

}  // namespace retort::config
