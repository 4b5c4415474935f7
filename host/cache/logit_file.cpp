#include "logit_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace retort::cache {
namespace {

constexpr std::string_view kMagic = "retort logits 1\n";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what, int error) {
  throw CacheError(path.string() + ": " + what + ": " + std::generic_category().message(error));
}

// The header as it stands in the file; equal headers mean equal contents.
std::string header_of(const LogitFile::Layout& layout) {
  std::string header = std::string(kMagic) + "key: " + layout.key + "\nrows: " + std::to_string(layout.rows) +
                       "\nbytes of a row: " + std::to_string(layout.row_bytes) + "\n" + layout.text;
  header.resize(LogitFile::kHeaderBytes);
  return header;
}

// Never 0. Depends on the row's number, so that no row passes for another one.
std::uint64_t checksum(std::int64_t number, std::span<const std::byte> row) {
  std::uint64_t sum = (static_cast<std::uint64_t>(number) + 1) * 0x9e3779b97f4a7c15;
  while (!row.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(row.size(), sizeof word);
    std::memcpy(&word, row.data(), size);
    row = row.subspan(size);
    sum = (sum ^ word) * 0xbf58476d1ce4e5b9;
    sum ^= sum >> 32;
  }
  return sum == 0 ? 1 : sum;
}

// The call's result, once no signal comes in between.
template <class Call>
ssize_t unless_interrupted(const Call& call) {
  ssize_t result = -1;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

// As much as there is, up to `size` bytes; -1 on an error.
ssize_t read_at(int descriptor, void* data, std::size_t size, off_t place) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = unless_interrupted([&] {
      return ::pread(descriptor, static_cast<char*>(data) + done, size - done, place + static_cast<off_t>(done));
    });
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

int write_at(int descriptor, const void* data, std::size_t size, off_t place) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = unless_interrupted([&] {
      return ::pwrite(descriptor, static_cast<const char*>(data) + done, size - done, place + static_cast<off_t>(done));
    });
    if (count <= 0) return count < 0 ? errno : ENOSPC;
    done += static_cast<std::size_t>(count);
  }
  return 0;
}

// Files beyond the limit are not an error of a system call but a signal that ends the process.
void check_limit(const std::filesystem::path& path, std::uint64_t bytes) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur) return;
  throw CacheError(path.string() + ": may become " + std::to_string(bytes) +
                   " bytes large, but the limit on files of this process (ulimit -f) is " +
                   std::to_string(limit.rlim_cur));
}

// A file under a name of its own, gone when it was not given another one.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& path) : path_(path.string() + "." + std::to_string(::getpid()) + ".new") {
    ::unlink(path_.c_str());  // of a process that was killed
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(path, "cannot be made", errno);
  }
  ~Draft() {
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  int descriptor() const { return descriptor_; }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
  int descriptor_;
};

}  // namespace

LogitFile::LogitFile(std::filesystem::path path, const Layout& layout)
    : path_(std::move(path)),
      record_bytes_(sizeof(std::uint64_t) + (layout.row_bytes + 7) / 8 * 8),
      bytes_(kHeaderBytes + static_cast<std::uint64_t>(layout.rows) * record_bytes_) {
  check_limit(path_, bytes_);
  const std::string header = header_of(layout);
  for (int attempt = 0; attempt < 2; ++attempt) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    writable_ = descriptor_ >= 0;
    if (!writable_ && (errno == EACCES || errno == EROFS)) descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0 && errno != ENOENT) fail(path_, "cannot be opened", errno);
    const bool exists = descriptor_ >= 0;
    if (exists && fits(header)) return;
    if (exists) ::close(std::exchange(descriptor_, -1));
    make(header, exists);
  }
  throw CacheError(path_.string() + ": is replaced by other processes again and again");
}

LogitFile::LogitFile(LogitFile&& other) noexcept
    : path_(std::move(other.path_)),
      record_bytes_(other.record_bytes_),
      bytes_(other.bytes_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      writable_(other.writable_) {}

LogitFile::~LogitFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// Whether the open file is the one wanted. Throws when it is none of ours, which must not be replaced.
bool LogitFile::fits(const std::string& header) const {
  std::string found(kHeaderBytes, '\0');
  const ssize_t count = read_at(descriptor_, found.data(), found.size(), 0);
  struct stat status {};
  if (count < 0 || ::fstat(descriptor_, &status) != 0) {
    const int error = errno;
    ::close(descriptor_);
    fail(path_, "cannot be read", error);
  }
  if (!found.starts_with(kMagic)) {
    ::close(descriptor_);
    throw CacheError(path_.string() + ": is not a file of logits; it was left alone");
  }
  return found == header && static_cast<std::uint64_t>(status.st_size) == bytes_;
}

void LogitFile::make(const std::string& header, bool replace) {
  std::error_code failure;
  std::filesystem::create_directories(path_.parent_path(), failure);
  if (failure) fail(path_, "its folder cannot be made", failure.value());
  const Draft draft(path_);
  if (::ftruncate(draft.descriptor(), static_cast<off_t>(bytes_)) != 0) {
    fail(path_, "cannot be made " + std::to_string(bytes_) + " bytes large", errno);
  }
  if (const int error = write_at(draft.descriptor(), header.data(), header.size(), 0)) {
    fail(path_, "cannot be written", error);
  }
  if (::fsync(draft.descriptor()) != 0) fail(path_, "cannot be written", errno);
  // Two processes that make the file at once: the first one's is used.
  const int done = replace ? ::rename(draft.path(), path_.c_str()) : ::link(draft.path(), path_.c_str());
  if (done != 0 && errno != EEXIST) fail(path_, "cannot be made", errno);
}

off_t LogitFile::place(std::int64_t number) const {
  return static_cast<off_t>(kHeaderBytes) + number * static_cast<off_t>(record_bytes_);
}

// As read(); none when the system did not give all of it.
std::optional<bool> LogitFile::read_with(int flags, std::int64_t number, std::span<std::byte> row) const {
  std::uint64_t sum = 0;
  const std::array<iovec, 2> parts{iovec{&sum, sizeof sum}, iovec{row.data(), row.size()}};
  const ssize_t count =
      unless_interrupted([&] { return ::preadv2(descriptor_, parts.data(), 2, place(number), flags); });
  if (count != static_cast<ssize_t>(sizeof sum + row.size())) return std::nullopt;
  return sum != 0 && sum == checksum(number, row);
}

bool LogitFile::read(std::int64_t number, std::span<std::byte> row) const {
  return read_with(0, number, row).value_or(false);
}

std::optional<bool> LogitFile::read_or_ask_for(std::int64_t number, std::span<std::byte> row) const {
  const std::optional<bool> there = read_with(RWF_NOWAIT, number, row);
  // Only a request: what comes of it shows when the row is read.
  if (!there) ::posix_fadvise(descriptor_, place(number), static_cast<off_t>(record_bytes_), POSIX_FADV_WILLNEED);
  return there;
}

int LogitFile::write(std::int64_t number, std::span<const std::byte> row) const {
  std::uint64_t sum = checksum(number, row);
  const std::array<iovec, 2> parts{iovec{&sum, sizeof sum}, iovec{const_cast<std::byte*>(row.data()), row.size()}};
  const ssize_t count = unless_interrupted([&] { return ::pwritev(descriptor_, parts.data(), 2, place(number)); });
  if (count < 0) return errno;
  return count == static_cast<ssize_t>(sizeof sum + row.size()) ? 0 : ENOSPC;
}

}  // namespace retort::cache
