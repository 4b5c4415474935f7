#include "cache/logit_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <vector>

#include "../temporary_folder.hpp"
#include "cache/logit_key.hpp"

namespace retort::cache {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kRows = 1000;
constexpr std::size_t kRowBytes = 30;  // not a multiple of 8
using Row = std::array<std::byte, kRowBytes>;

LogitFile::Layout layout(const std::string& key = "abc") {
  return {.key = key, .text = "teacher: a test\n", .rows = kRows, .row_bytes = kRowBytes};
}

Row row_of(std::int64_t number) {
  Row row;
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::byte>(number * 31 + static_cast<int>(i) * 7);
  return row;
}

// True when the row is there; it is then the right one.
bool has(const LogitFile& file, std::int64_t number) {
  Row row{};
  if (!file.read(number, row)) return false;
  EXPECT_EQ(row, row_of(number)) << "row " << number;
  return true;
}

std::string refusal(const std::filesystem::path& path, const LogitFile::Layout& wanted) {
  try {
    const LogitFile file(path, wanted);
  } catch (const CacheError& error) {
    return error.what();
  }
  return "opened";
}

// Runs `body` in a process of its own and returns how that ended.
int in_child(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      body();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

off_t place_of(std::int64_t number) {
  return static_cast<off_t>(LogitFile::kHeaderBytes) + number * 40;
}

class LogitFileTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "some" / "folder" / "abc.logits";
};

TEST_F(LogitFileTest, KeepsRows) {
  {
    const LogitFile file(path_, layout());
    for (const std::int64_t number : {0l, 7l, kRows - 1}) {
      EXPECT_FALSE(has(file, number));
      EXPECT_EQ(file.write(number, row_of(number)), 0);
      EXPECT_TRUE(has(file, number));
    }
  }
  const LogitFile again(path_, layout());
  EXPECT_TRUE(has(again, 0) && has(again, 7) && has(again, kRows - 1));
  EXPECT_FALSE(has(again, 1) || has(again, 6) || has(again, 8));
}

// Rows that are not in memory are read as well, once the disk has brought them.
TEST_F(LogitFileTest, ReadsWhatIsOnTheDisk) {
  const LogitFile file(path_, layout());
  for (std::int64_t number = 0; number < kRows; number += 2) EXPECT_EQ(file.write(number, row_of(number)), 0);
  const int descriptor = open(path_.c_str(), O_RDWR);
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(fsync(descriptor), 0);
  EXPECT_EQ(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED), 0);
  close(descriptor);
  for (std::int64_t number = 0; number < kRows; ++number) {
    Row row{};
    const std::optional<bool> there = file.read_or_ask_for(number, row);
    EXPECT_EQ(there ? *there : file.read(number, row), number % 2 == 0) << "row " << number;
    if (number % 2 == 0) {
      EXPECT_EQ(row, row_of(number));
    }
  }
}

TEST_F(LogitFileTest, IsSparseUntilItIsFilled) {
  LogitFile::Layout large = layout();
  large.rows = 100'000'000;
  const LogitFile file(path_, large);
  EXPECT_EQ(file.write(99'999'999, row_of(99'999'999)), 0);
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), file.bytes());
  EXPECT_EQ(file.bytes(), 4096u + 100'000'000u * 40u);
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
}

TEST_F(LogitFileTest, SaysWhoseItIs) {
  { const LogitFile file(path_, layout()); }
  std::string begin(200, '\0');
  std::ifstream(path_).read(begin.data(), 200);
  EXPECT_THAT(begin, HasSubstr("retort logits 1\nkey: abc\nrows: 1000\nbytes of a row: 30\nteacher: a test\n"));
}

TEST_F(LogitFileTest, AnotherKeyIsAnotherFile) {
  {
    const LogitFile file(path_, layout());
    file.write(3, row_of(3));
  }
  const LogitFile other(path_, layout("abd"));  // at the same path: what was there was of another teacher
  EXPECT_FALSE(has(other, 3));
}

TEST_F(LogitFileTest, IsMadeAnewWhenItWasCutShort) {
  {
    const LogitFile file(path_, layout());
    file.write(3, row_of(3));
  }
  std::filesystem::resize_file(path_, 5000);
  const LogitFile file(path_, layout());
  EXPECT_EQ(std::filesystem::file_size(path_), file.bytes());
  EXPECT_FALSE(has(file, 3));
}

TEST_F(LogitFileTest, CutShortWhileItIsOpenItLacksRows) {
  const LogitFile file(path_, layout());
  file.write(900, row_of(900));
  std::filesystem::resize_file(path_, 5000);
  EXPECT_FALSE(has(file, 900));
}

TEST_F(LogitFileTest, LeavesForeignFilesAlone) {
  std::filesystem::create_directories(path_.parent_path());
  for (const std::string& text : {std::string("a letter"), std::string(), std::string(8192, 'x')}) {
    std::ofstream(path_) << text;
    EXPECT_EQ(refusal(path_, layout()), path_.string() + ": is not a file of logits; it was left alone");
    EXPECT_EQ(std::filesystem::file_size(path_), text.size());
  }
}

TEST_F(LogitFileTest, ATornRowIsMissing) {
  const LogitFile file(path_, layout());
  file.write(5, row_of(5));
  const int raw = open(path_.c_str(), O_RDWR);
  // The checksum on the disk, the rest not yet: half a row, and none of it.
  const char zeros[24] = {};
  ASSERT_EQ(pwrite(raw, zeros, 16, place_of(5) + 24), 16);
  EXPECT_FALSE(has(file, 5));
  ASSERT_EQ(pwrite(raw, zeros, 24, place_of(5) + 8), 24);
  EXPECT_FALSE(has(file, 5));
  EXPECT_EQ(file.write(5, row_of(5)), 0);
  EXPECT_TRUE(has(file, 5));
  // A row in the place of another one.
  char record[40];
  ASSERT_EQ(pread(raw, record, sizeof record, place_of(5)), 40);
  ASSERT_EQ(pwrite(raw, record, sizeof record, place_of(6)), 40);
  EXPECT_FALSE(has(file, 6));
  close(raw);
}

// Two processes write the same rows in opposite orders while a third reads: what it finds is right.
TEST_F(LogitFileTest, ProcessesFillItTogether) {
  std::vector<pid_t> writers;
  for (const bool ascending : {true, false}) {
    const pid_t child = fork();
    if (child == 0) {
      const LogitFile file(path_, layout());
      bool good = true;
      for (int round = 0; round < 20; ++round) {
        for (std::int64_t i = 0; i < kRows; ++i) {
          const std::int64_t number = ascending ? i : kRows - 1 - i;
          good = file.write(number, row_of(number)) == 0 && good;
        }
      }
      _exit(good ? 0 : 1);
    }
    writers.push_back(child);
  }
  const LogitFile file(path_, layout());
  for (std::int64_t i = 0; i < 50 * kRows; ++i) has(file, i % kRows);
  for (const pid_t writer : writers) {
    int status = -1;
    waitpid(writer, &status, 0);
    EXPECT_EQ(status, 0);
  }
  for (std::int64_t number = 0; number < kRows; ++number) EXPECT_TRUE(has(file, number));
  // Nothing but the file is left in its folder.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_.parent_path()), {}), 1);
}

TEST_F(LogitFileTest, OutlivesAKilledWriter) {
  const LogitFile file(path_, layout());
  const pid_t child = fork();
  if (child == 0) {
    const LogitFile own(path_, layout());
    for (std::int64_t i = 0;; ++i) own.write(i % kRows, row_of(i % kRows));
  }
  while (!has(file, kRows / 2)) usleep(100);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  for (std::int64_t number = 0; number <= kRows / 2; ++number) EXPECT_TRUE(has(file, number));
  for (std::int64_t number = 0; number < kRows; ++number) has(file, number);
  EXPECT_EQ(file.write(kRows - 1, row_of(kRows - 1)), 0);
  EXPECT_TRUE(has(LogitFile(path_, layout()), kRows - 1));
}

// A file that may not become large enough is refused before the system ends the process for it.
TEST_F(LogitFileTest, RefusesWhatTheLimitOnFilesForbids) {
  EXPECT_EQ(in_child([&] {
              const struct rlimit limit { 20'000, 20'000 };
              setrlimit(RLIMIT_FSIZE, &limit);
              EXPECT_THAT(refusal(path_, layout()), HasSubstr("may become 44096 bytes large, but the limit on files of "
                                                              "this process (ulimit -f) is 20000"));
            }),
            0);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// What a full disk is to pwrite(): an error, and the rows that are there stay.
TEST_F(LogitFileTest, AWriteThatFailsIsNoRow) {
  EXPECT_EQ(in_child([&] {
              const LogitFile file(path_, layout());
              EXPECT_EQ(file.write(0, row_of(0)), 0);
              signal(SIGXFSZ, SIG_IGN);
              const rlim_t end = static_cast<rlim_t>(place_of(500)) + 20;
              const struct rlimit limit { end, end };
              setrlimit(RLIMIT_FSIZE, &limit);
              EXPECT_NE(file.write(500, row_of(500)), 0);
              EXPECT_EQ(file.write(900, row_of(900)), EFBIG);
              EXPECT_FALSE(has(file, 500) || has(file, 900));
              EXPECT_TRUE(has(file, 0));
              EXPECT_EQ(file.write(499, row_of(499)), 0);
            }),
            0);
}

// Root may write anything.
TEST_F(LogitFileTest, CanBeReadWithoutBeingWritable) {
  {
    const LogitFile file(path_, layout());
    EXPECT_TRUE(file.writable());
    file.write(1, row_of(1));
  }
  using std::filesystem::perms;
  std::filesystem::permissions(path_, perms::owner_read | perms::group_read | perms::others_read);
  std::filesystem::permissions(folder_.path(), perms::all);
  EXPECT_EQ(in_child([&] {
              if (geteuid() == 0 && setuid(65534) != 0) return;
              const LogitFile file(path_, layout());
              EXPECT_FALSE(file.writable());
              EXPECT_TRUE(has(file, 1));
            }),
            0);
}

TEST_F(LogitFileTest, NamesTheFolderThatCannotBeMade) {
  std::ofstream(folder_.path() / "some") << "a file";
  EXPECT_THAT(refusal(path_, layout()), HasSubstr("abc.logits: "));
  EXPECT_THAT(refusal(path_, layout()), HasSubstr("Not a directory"));
}

TEST(LogitKey, TellsFactsApart) {
  const auto key = [](std::vector<std::pair<std::string, std::string>> facts) {
    LogitKey made;
    for (auto& [name, value] : facts) made.add(name, value);
    return made;
  };
  EXPECT_EQ(key({{"a", "b"}}).hash(), key({{"a", "b"}}).hash());
  EXPECT_EQ(key({{"a", "b"}}).hash().size(), 64u);
  EXPECT_NE(key({{"a", "b"}}).hash(), key({{"ab", ""}}).hash());
  EXPECT_NE(key({{"a", "b"}, {"c", "d"}}).hash(), key({{"c", "d"}, {"a", "b"}}).hash());
  EXPECT_EQ(key({{"a", "b"}, {"c", "d"}}).text(), "a: b\nc: d\n");
}

}  // namespace
}  // namespace retort::cache
