#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace retort::registry {

// The stamp this host was built with.
std::string_view host_stamp();

// The stamp of a plugin's library, read from its ELF section without loading it. Throws Error when the file is no
// 64-bit ELF library or has no stamp: "no plugin: ...".
std::string read_stamp(const std::filesystem::path& library);

// What differs, key by key, with both values and how to mend it; "" when the stamps are equal.
std::string stamp_difference(std::string_view plugin, std::string_view host);

}  // namespace retort::registry
