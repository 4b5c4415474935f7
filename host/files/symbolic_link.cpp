#include "symbolic_link.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "atomic_file.hpp"

namespace retort::files {
namespace fs = std::filesystem;

void point_link(const fs::path& link, const fs::path& target) {
  std::error_code none;
  const fs::file_status status = fs::symlink_status(link, none);
  if (fs::exists(status) && !fs::is_symlink(status)) return;
  const fs::path temporary = link.parent_path() / (".retort-" + std::to_string(::getpid()) + "-link.tmp");
  ::unlink(temporary.c_str());  // of a process that was killed
  const auto fail = [&link](int error) {
    throw std::system_error(error, std::generic_category(), "cannot write " + link.string());
  };
  if (::symlink(target.c_str(), temporary.c_str()) != 0) {
    if (errno == EPERM || errno == ENOTSUP || errno == ENOSYS) return;
    fail(errno);
  }
  if (std::rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail(error);
  }
  sync_folder(link.parent_path());
}

}  // namespace retort::files
