#include "run/run_directory.hpp"

#include <fstream>
#include <set>

#include <gmock/gmock.h>

#include <retort/error.hpp>

#include "run/trained_student.hpp"

namespace retort::run {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
 protected:
  RunDirectoryTest()
      : base_(fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(base_);
  }
  static void write(const fs::path& path) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "content";
  }
  template <class Call>
  static std::string error_of(Call&& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  fs::path base_;
};

TEST_F(RunDirectoryTest, IsNeverTheSameTwice) {
  std::set<fs::path> roots;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(roots.insert(RunDirectory::create(base_, "a/b").root()).second);
}

TEST_F(RunDirectoryTest, ARunUnderWayIsLocked) {
  const RunDirectory running = RunDirectory::create(base_, "a");
  write(running.experiment());
  RunDirectory second = RunDirectory::open(running.root());
  EXPECT_THAT(error_of([&] { second.lock(); }), HasSubstr("under way in another process"));
}

TEST_F(RunDirectoryTest, TheNewestCanBeFoundWithoutItsName) {
  RunDirectory::create(base_, "a/b");
  const RunDirectory newest = RunDirectory::create(base_, "c");
  EXPECT_EQ(fs::canonical(base_ / "latest"), newest.root());
}

TEST_F(RunDirectoryTest, ARunNamedLatestKeepsItsFolder) {
  const RunDirectory run = RunDirectory::create(base_, "latest");
  EXPECT_FALSE(fs::is_symlink(base_ / "latest"));
  EXPECT_TRUE(fs::exists(run.root()));
}

TEST_F(RunDirectoryTest, LeftoversOfAKilledProcessGo) {
  const RunDirectory run = RunDirectory::create(base_, "a");
  write(run.stage("student") / ".retort-17-0.tmp");
  write(run.student("student"));
  run.remove_leftovers();
  EXPECT_FALSE(fs::exists(run.stage("student") / ".retort-17-0.tmp"));
  EXPECT_TRUE(fs::exists(run.student("student")));
}

TEST_F(RunDirectoryTest, EverySittingHasItsEnvironment) {
  const RunDirectory run = RunDirectory::create(base_, "a");
  EXPECT_EQ(run.sittings(), 0);
  write(run.environment());
  write(run.environment(2));
  EXPECT_EQ(run.sittings(), 2);
  EXPECT_EQ(run.environment(2).filename(), "environment-2.json");
}

TEST_F(RunDirectoryTest, AnUnlockedRunCanBeTakenUp) {
  fs::path root;
  {
    const RunDirectory running = RunDirectory::create(base_, "a");
    write(running.experiment());
    root = running.root();
  }
  RunDirectory second = RunDirectory::open(root);
  EXPECT_EQ(error_of([&] { second.lock(); }), "");
}

TEST_F(RunDirectoryTest, OpenRefusesOtherFolders) {
  EXPECT_THAT(error_of([&] { RunDirectory::open(base_); }), HasSubstr("not the directory of a run"));
  fs::create_directories(base_);
  EXPECT_THAT(error_of([&] { RunDirectory::open(base_); }), HasSubstr("no experiment.toml"));
}

TEST_F(RunDirectoryTest, CreateSaysWhyItCannot) {
  write(base_);
  EXPECT_THAT(error_of([&] { RunDirectory::create(base_, "a"); }), HasSubstr("Not a directory"));
}

TEST_F(RunDirectoryTest, FindsTheStudentOfTheLastStageOrOfTheOneNamed) {
  const RunDirectory directory = RunDirectory::create(base_, "a");
  EXPECT_THAT(error_of([&] { find_student(directory, {}); }), HasSubstr("no trained student yet"));
  write(directory.student("teacher"));
  write(directory.student("student"));
  fs::last_write_time(directory.student("teacher"), fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(find_student(directory, {}).file, directory.student("student"));
  EXPECT_EQ(find_student(directory, {.stage = "teacher"}).file, directory.student("teacher"));
  EXPECT_THAT(error_of([&] { find_student(directory, {.stage = "teachr"}); }), HasSubstr("did you mean 'teacher'?"));
  EXPECT_THAT(error_of([&] { find_student(directory, {.best = true}); }), HasSubstr("no trained student yet"));
}

}  // namespace
}  // namespace retort::run
