#pragma once

#include <zlib.h>

#include <filesystem>
#include <string>

#include <retort/error.hpp>

// The bytes of a file, decompressed if it is a gzip file. Throws DataError when it is missing or damaged.
inline std::string read_compressed(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) throw retort::DataError(path.string() + ": there is no such file");
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) throw retort::DataError(path.string() + ": cannot be opened");
  constexpr unsigned kChunk = 1 << 20;
  std::string bytes;
  int count = 0;
  do {
    const std::size_t size = bytes.size();
    bytes.resize(size + kChunk);
    count = gzread(file, bytes.data() + size, kChunk);
    bytes.resize(size + (count > 0 ? count : 0));
  } while (count > 0);
  // A gzip file that ends too early is only reported on closing.
  if (gzclose(file) != Z_OK || count < 0) throw retort::DataError(path.string() + ": truncated or damaged gzip file");
  return bytes;
}
