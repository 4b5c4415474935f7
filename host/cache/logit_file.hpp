#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include <retort/error.hpp>

namespace retort::cache {

// The file of a cache cannot be used. The message names it.
class CacheError : public Error {
 public:
  using Error::Error;
};

// A table of rows of bytes on the disk, filled in any order by any number of processes at once, without locks.
//
// The file is a header of kHeaderBytes, which says in text whose rows these are, and a record for each row: a 64-bit
// checksum of row number and bytes, then the bytes, filled up to a multiple of 8. A checksum of 0 means that there is
// no row. A record that two processes write at once, or that a crash or a power failure has torn, has a wrong checksum
// and counts as missing too, so that a row is either right or absent.
//
// The file is as large as all its rows from the beginning, but sparse: rows that nobody has written take no space. It
// is read and written by system calls, not mapped: a mapping turns a full disk, or a file cut short by somebody
// else, into SIGBUS, here both are errors that are handled. Like a mapping, all processes share its pages.
class LogitFile {
 public:
  static constexpr std::size_t kHeaderBytes = 4096;

  struct Layout {
    std::string key;            // LogitKey::hash()
    std::string text;           // for people who look into the file: LogitKey::text()
    std::int64_t rows = 0;      // at least 1
    std::size_t row_bytes = 0;  // at least 1
  };

  // Opens the file, or makes it and the folders above it. A damaged file of this kind is replaced; processes that have
  // it open go on with what they have. Throws CacheError when the file is of another kind, or cannot be made.
  LogitFile(std::filesystem::path path, const Layout& layout);
  ~LogitFile();
  LogitFile(LogitFile&& other) noexcept;
  LogitFile& operator=(LogitFile&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Of the whole table, were all rows written.
  std::uint64_t bytes() const { return bytes_; }
  bool writable() const { return writable_; }

  // Copies a row to `row`, of row_bytes; false when it is not there: `row` then holds anything.
  bool read(std::int64_t number, std::span<std::byte> row) const;
  // The same without waiting for the disk: none when the row's place in the file is not in memory. The system is then
  // asked to bring it there, so that the disk works on many rows at once before the first is read().
  std::optional<bool> read_or_ask_for(std::int64_t number, std::span<std::byte> row) const;
  // Returns 0, or the error number of a write that failed; the row is then missing.
  int write(std::int64_t number, std::span<const std::byte> row) const;

 private:
  std::optional<bool> read_with(int flags, std::int64_t number, std::span<std::byte> row) const;
  void make(const std::string& header, bool replace);
  bool fits(const std::string& header) const;
  off_t place(std::int64_t number) const;

  std::filesystem::path path_;
  std::size_t record_bytes_;  // with the checksum before and the filling behind the row
  std::uint64_t bytes_;
  int descriptor_ = -1;
  bool writable_ = true;
};

}  // namespace retort::cache
