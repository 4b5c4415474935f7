#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "node.hpp"
#include "overrides.hpp"

namespace retort::config {

inline constexpr std::size_t kLargestFile = std::size_t{1} << 20;  // bytes
inline constexpr int kDeepestExtends = 16;
inline constexpr int kMostFiles = 256;

// A file that an experiment was read from.
struct SourceFile {
  std::filesystem::path path;
  std::string text;
};

// Reads an experiment: the files that it extends (relative to the file that says so; later ones win, the file itself
// last), without the keys that a file's `unset` drops from what it extends, then the overrides, then ${env:NAME}.
// Every value keeps its origin. What is wrong is reported; the result is what could be read, and is of use only when
// `diagnostics` has not failed.
// `sources`, unless null, receives the files, each once, the one that was named first.
Node load_document(const std::filesystem::path& file, const Overrides& overrides, Diagnostics& diagnostics,
                   std::vector<SourceFile>* sources = nullptr);

// Where a relative path in a value that was written at `origin` starts: the folder of the file, or the working
// directory for values from the command line.
std::filesystem::path base_directory(const Origin& origin);

// The path that a string value names, absolute.
std::filesystem::path absolute_path(const Node& value);

}  // namespace retort::config
