#include "config/diagnostics.hpp"

#include <gtest/gtest.h>

namespace retort::config {
namespace {

TEST(Origin, ShowsLineAndColumnWhereTheSourceHasThem) {
  EXPECT_EQ((Origin{"a.toml", 12, 3}.text()), "a.toml:12:3");
  EXPECT_EQ((Origin{"--set #2"}.text()), "--set #2");
}

TEST(Diagnostics, IsSilentAboutNothing) {
  const Diagnostics diagnostics;
  EXPECT_FALSE(diagnostics.failed());
  EXPECT_EQ(diagnostics.exit_code(), 0);
  EXPECT_EQ(diagnostics.text(), "");
  EXPECT_NO_THROW(diagnostics.throw_if_failed());
}

TEST(Diagnostics, OrdersProblemsAsTheFilesDoWithWarningsLast) {
  Diagnostics diagnostics;
  diagnostics.warn({"b.toml", 1, 1}, "odd");
  diagnostics.error({"--set #10"}, "tenth");
  diagnostics.error({"--set #2"}, "second");
  diagnostics.error({"b.toml", 10, 1}, "late");
  diagnostics.error({"a.toml", 3, 1}, "other file");
  diagnostics.error({"b.toml", 9, 7}, "right");
  diagnostics.error({"b.toml", 9, 5}, "left");
  EXPECT_EQ(diagnostics.text(),
            "b.toml:9:5: error: left\n"
            "b.toml:9:7: error: right\n"
            "b.toml:10:1: error: late\n"
            "a.toml:3:1: error: other file\n"
            "--set #2: error: second\n"
            "--set #10: error: tenth\n"
            "b.toml:1:1: warning: odd\n");
}

TEST(Diagnostics, TellsTheSameMistakeOnce) {
  Diagnostics diagnostics;
  diagnostics.error({"a.toml", 1, 1}, "same");
  diagnostics.error({"a.toml", 1, 1}, "same");
  diagnostics.error({"a.toml", 1, 2}, "same");
  EXPECT_EQ(diagnostics.errors().size(), 2u);
}

TEST(Diagnostics, AUsersMistakeOutweighsAFailedPlugin) {
  Diagnostics diagnostics;
  diagnostics.warn({}, "w");
  EXPECT_EQ(diagnostics.exit_code(), 0);
  diagnostics.plugin_error({"a.toml", 1, 1}, "plugin");
  EXPECT_TRUE(diagnostics.failed());
  EXPECT_EQ(diagnostics.exit_code(), 3);
  diagnostics.error({"a.toml", 2, 1}, "user");
  EXPECT_EQ(diagnostics.exit_code(), 2);
}

TEST(Diagnostics, ThrowsTheWholeReport) {
  Diagnostics diagnostics;
  diagnostics.plugin_error({"a.toml", 1, 1}, "plugin");
  try {
    diagnostics.throw_if_failed();
    FAIL() << "nothing was thrown";
  } catch (const Rejected& rejected) {
    EXPECT_STREQ(rejected.what(), "a.toml:1:1: error: plugin\n");
    EXPECT_EQ(rejected.exit_code(), 3);
  }
}

}  // namespace
}  // namespace retort::config
