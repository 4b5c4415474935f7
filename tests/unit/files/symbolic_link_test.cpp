#include "files/symbolic_link.hpp"

#include <gmock/gmock.h>

#include <system_error>

#include "folder_test.hpp"

namespace retort::files {
namespace {

using ::testing::ElementsAre;
using SymbolicLinkTest = FolderTest;

TEST_F(SymbolicLinkTest, IsMadeAndMoved) {
  point_link(path("last"), "a");
  EXPECT_EQ(std::filesystem::read_symlink(path("last")), "a");
  point_link(path("last"), "b/c");
  EXPECT_EQ(std::filesystem::read_symlink(path("last")), "b/c");
  EXPECT_THAT(names(), ElementsAre("last"));
}

TEST_F(SymbolicLinkTest, ReplacesNothingElse) {
  write_bytes(path("last"), "a file of the user's");
  point_link(path("last"), "a");
  EXPECT_EQ(read_bytes(path("last")), "a file of the user's");
}

TEST_F(SymbolicLinkTest, NamesTheLinkWhenItCannotBeMade) {
  try {
    point_link(path("no") / "last", "a");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.what(), "cannot write " + (path("no") / "last").string() + ": No such file or directory");
  }
}

}  // namespace
}  // namespace retort::files
