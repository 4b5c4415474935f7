#pragma once

#include <cstddef>
#include <filesystem>

namespace retort::weights {

// A file that appears under its name only when it is complete and on the disk: the bytes go to a temporary file in the
// same folder, which commit() flushes and renames. Without commit() nothing happened. (A process that is killed in
// between leaves the temporary file, ".retort-*.tmp".)
//
// Every function throws Error with the path and the system's reason.
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
  void sync_folder() const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

}  // namespace retort::weights
