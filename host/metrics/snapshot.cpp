#include "metrics/snapshot.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "metrics/descriptor.hpp"

namespace retort::metrics {
namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool write_and_sync(const std::string& path, std::string_view text) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  return file.value() >= 0 && write_all(file.value(), text) && fsync(file.value()) == 0;
}

bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.value() >= 0 && fsync(directory.value()) == 0;
}

}  // namespace

void write_snapshot(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const std::string temporary = (folder / fmt::format(".{}.{}.tmp", path.filename().string(), getpid())).string();
  if (write_and_sync(temporary, text) && std::rename(temporary.c_str(), path.c_str()) == 0 && sync_folder(folder))
    return;
  const int error = errno;
  unlink(temporary.c_str());
  throw std::system_error(error, std::generic_category(), fmt::format("cannot write {}", path.string()));
}

}  // namespace retort::metrics
