#include "report/page_file.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include <retort/error.hpp>

#include "report/page.hpp"

namespace retort::report {
namespace {

namespace fs = std::filesystem;

class PageFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("page_file_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    file_ = folder_ / "report.html";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string content() const {
    std::ifstream stream(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(PageFile, AReportIsReplaced) {
  write_page(file_, to_html({.title = "first"}), false);
  write_page(file_, to_html({.title = "second"}), false);
  EXPECT_NE(content().find("<title>second</title>"), std::string::npos);
}

TEST_F(PageFile, AnotherFileStaysUnlessForced) {
  std::ofstream(file_) << "mine";
  EXPECT_THROW(write_page(file_, to_html({.title = "a"}), false), InvalidParameter);
  EXPECT_EQ(content(), "mine");
  write_page(file_, to_html({.title = "a"}), true);
  EXPECT_TRUE(is_report(content()));
}

TEST_F(PageFile, PlacesThatAreNone) {
  EXPECT_THROW(write_page(folder_, "a", false), InvalidParameter);
  EXPECT_THROW(write_page(folder_ / "missing" / "report.html", "a", false), InvalidParameter);
  fs::create_symlink("nowhere", file_);
  EXPECT_THROW(write_page(file_, "a", false), InvalidParameter);
}

TEST_F(PageFile, TitlesAreText) {
  EXPECT_NE(to_html({.title = "<script>"}).find("<h1>&lt;script&gt;</h1>"), std::string::npos);
}

}  // namespace
}  // namespace retort::report
