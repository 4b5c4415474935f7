#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace retort::files {

// A file that appears under its name only when it is complete and on the disk: the bytes go to a temporary file in the
// same folder, which commit() flushes and renames. Without commit() nothing happened. (A process that is killed in
// between leaves the temporary file, ".retort-*.tmp".)
//
// Every function throws std::system_error, whose what() names the path and the reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t size);
  void commit();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

// Writes such a file at once.
void write_file(const std::filesystem::path& path, std::string_view text);

// Flushes the names in a folder to the disk: without it a rename may be lost in a power failure. Throws
// std::system_error.
void sync_folder(const std::filesystem::path& folder);

}  // namespace retort::files
