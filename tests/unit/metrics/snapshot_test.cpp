#include "metrics/snapshot.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "metrics/target_file.hpp"
#include "temporary_folder.hpp"

namespace retort::metrics {
namespace {

using ::testing::HasSubstr;

std::ptrdiff_t entries(const TemporaryFolder& folder) {
  const std::filesystem::directory_iterator files(folder.path());
  return std::distance(begin(files), end(files));
}

TEST(Snapshot, ReplacesTheFileAndLeavesNothingBeside) {
  const TemporaryFolder folder;
  std::ofstream(folder / "metrics.prom") << "an older and longer text";
  write_snapshot(folder / "metrics.prom", "new\n");
  EXPECT_EQ(file_text(folder / "metrics.prom"), "new\n");
  EXPECT_EQ(entries(folder), 1);
}

TEST(Snapshot, HasTheUsualMode) {
  const TemporaryFolder folder;
  const mode_t mask = umask(022);
  write_snapshot(folder / "metrics.prom", "");
  umask(mask);
  struct stat status {};
  ASSERT_EQ(stat((folder / "metrics.prom").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644U);
}

TEST(Snapshot, FailureNamesThePathAndLeavesNothing) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "metrics.prom");
  std::ofstream((folder / "metrics.prom") / "occupied");
  try {
    write_snapshot(folder / "metrics.prom", "text");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder / "metrics.prom").string()));
    EXPECT_THAT(error.what(), HasSubstr("directory"));
  }
  EXPECT_EQ(entries(folder), 1);
}

TEST(Snapshot, MissingFolderIsNamed) {
  try {
    write_snapshot("/nonexistent/metrics.prom", "text");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "cannot write /nonexistent/metrics.prom: No such file or directory");
  }
}

TEST(TargetFile, ListsTheRunWhileItLives) {
  const TemporaryFolder folder;
  const auto path = folder / "targets" / "run.json";
  {
    const TargetFile target(path, "http://[::1]:9464/metrics");
    EXPECT_EQ(nlohmann::json::parse(file_text(path)), nlohmann::json::parse(R"([{"targets": ["[::1]:9464"]}])"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace retort::metrics
