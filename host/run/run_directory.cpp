#include "run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <ctime>
#include <utility>
#include <vector>

#include <fmt/chrono.h>

#include <retort/error.hpp>

#include "files/atomic_file.hpp"
#include "files/symbolic_link.hpp"

namespace retort::run {
namespace fs = std::filesystem;

namespace {

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error("cannot make the directory " + path.string() + ": " + error.message());
}

}  // namespace

RunDirectory RunDirectory::create(const fs::path& base, const std::string& name) {
  make_directories(base / name);
  const std::string time = fmt::format("{:%Y-%m-%d_%H-%M-%S}", fmt::localtime(std::time(nullptr)));
  for (int attempt = 1;; ++attempt) {
    const fs::path root = base / name / (attempt == 1 ? time : time + "-" + std::to_string(attempt));
    std::error_code error;
    // Not an error when it exists already: another run began in the same second.
    if (fs::create_directory(root, error)) {
      make_directories(root / "checkpoints");
      RunDirectory directory(fs::canonical(root));
      directory.lock();
      files::sync_folder(base / name);
      files::point_link(base / "latest", fs::path(name) / root.filename());
      return directory;
    }
    if (error) throw Error("cannot make the directory " + root.string() + ": " + error.message());
  }
}

RunDirectory RunDirectory::open(const fs::path& root) {
  std::error_code error;
  RunDirectory directory(fs::canonical(root, error));
  if (error || !fs::exists(directory.experiment())) {
    throw InvalidParameter(root.string() + " is not the directory of a run: it has no experiment.toml");
  }
  return directory;
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : root_(std::move(other.root_)), lock_(std::exchange(other.lock_, -1)) {}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

std::string RunDirectory::id() const {
  return root_.parent_path().filename() / root_.filename();
}

fs::path RunDirectory::environment(int sitting) const {
  return root_ / (sitting == 1 ? "environment.json" : "environment-" + std::to_string(sitting) + ".json");
}

int RunDirectory::sittings() const {
  int count = 0;
  while (fs::exists(environment(count + 1))) ++count;
  return count;
}

void RunDirectory::remove_leftovers() const {
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(".retort-") && name.ends_with(".tmp")) leftovers.push_back(entry.path());
  }
  std::error_code ignored;
  for (const fs::path& path : leftovers) fs::remove(path, ignored);
}

void RunDirectory::lock() {
  const fs::path path = root_ / ".lock";
  lock_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    throw Error("the run in " + root_.string() + " is under way in another process");
  }
}

}  // namespace retort::run
