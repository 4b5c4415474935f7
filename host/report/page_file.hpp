#pragma once

#include <filesystem>
#include <string>

namespace retort::report {

// Writes a page so that it is there whole or not at all. A report that is there is replaced; throws InvalidParameter
// when something else is, unless `force`.
void write_page(const std::filesystem::path& file, const std::string& html, bool force);

}  // namespace retort::report
