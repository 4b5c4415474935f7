#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <system_error>

#include "files/atomic_file.hpp"
#include "folder_test.hpp"

namespace retort::files {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using AtomicFileTest = FolderTest;

// Lets this process write at most `bytes` to any file, as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_ = SIG_DFL;
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(AtomicFileTest, AppearsOnlyWhenCommitted) {
  AtomicFile file(path("a"));
  file.write("one", 3);
  EXPECT_FALSE(std::filesystem::exists(path("a")));
  file.commit();
  EXPECT_EQ(read_bytes(path("a")), "one");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, WithoutCommitLeavesTheOldFileAndNothingElse) {
  write_bytes(path("a"), "old");
  {
    AtomicFile file(path("a"));
    file.write("new", 3);
  }
  EXPECT_EQ(read_bytes(path("a")), "old");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, TwoWritersOfOneFolderDoNotMeet) {
  AtomicFile first(path("a"));
  AtomicFile second(path("a"));
  first.write("first", 5);
  second.write("second", 6);
  second.commit();
  first.commit();
  EXPECT_EQ(read_bytes(path("a")), "first");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, HasThePermissionsOfAnOrdinaryFile) {
  const mode_t mask = ::umask(027);
  AtomicFile file(path("a"));
  file.commit();
  ::umask(mask);
  struct stat status {};
  ASSERT_EQ(::stat(path("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(AtomicFileTest, NamesPathAndReasonWhenTheFolderIsMissing) {
  const auto missing = path("no") / "a";
  EXPECT_EQ(message_of([&] { AtomicFile file(missing); }),
            "cannot write " + missing.string() + ": No such file or directory");
}

TEST_F(AtomicFileTest, CannotReplaceAFolder) {
  std::filesystem::create_directory(path("a"));
  EXPECT_THAT(message_of([&] {
                AtomicFile file(path("a"));
                file.commit();
              }),
              HasSubstr("Is a directory"));
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, NamesPathAndReasonWhenItMayNotWrite) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_THAT(message_of([&] { AtomicFile file(path("a")); }), HasSubstr("Permission denied"));
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(AtomicFileTest, AFullDiskLeavesTheOldFile) {
  write_file(path("a"), "old");
  std::string message;
  {
    const FileSizeLimit limit(4096);
    message = message_of([&] { write_file(path("a"), std::string(5000, 'x')); });
  }
  EXPECT_EQ(message, "cannot write " + path("a").string() + ": File too large");
  EXPECT_EQ(read_bytes(path("a")), "old");
  EXPECT_THAT(names(), ElementsAre("a"));
}

// A writer that is killed at any moment leaves one of the two complete files.
TEST_F(AtomicFileTest, AKilledWriterNeverLeavesATornFile) {
  const std::string states[] = {std::string(800'000, '0'), std::string(800'000, '1')};
  write_file(path("a"), states[0]);
  for (int round = 0; round < 20; ++round) {
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) {
      for (int i = 1;; ++i) write_file(path("a"), states[i % 2]);
    }
    ::usleep(2000 + 1300 * round);
    ::kill(writer, SIGKILL);
    int status = 0;
    ::waitpid(writer, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    const std::string found = read_bytes(path("a"));
    EXPECT_TRUE(found == states[0] || found == states[1]) << found.size();
  }
}

}  // namespace
}  // namespace retort::files
