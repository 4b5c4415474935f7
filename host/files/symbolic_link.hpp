#pragma once

#include <filesystem>

namespace retort::files {

// Makes `link` a symbolic link to `target` (as it is written, so relative to the link's folder), in one step: whoever
// looks sees what was there before or the new link. Does nothing when `link` is something else than a link, or the file
// system has none. Throws std::system_error, whose what() names the link.
void point_link(const std::filesystem::path& link, const std::filesystem::path& target);

}  // namespace retort::files
