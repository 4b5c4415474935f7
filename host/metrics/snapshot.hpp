#pragma once

#include <filesystem>
#include <string_view>

namespace retort::metrics {

// Writes a file that is complete under its name or not there at all: temporary file in the same folder, fsync, rename,
// fsync of the folder. For the run's last metrics.prom. Throws std::system_error, whose what() names the path.
void write_snapshot(const std::filesystem::path& path, std::string_view text);

}  // namespace retort::metrics
