#include "config/document.hpp"

#include "config_test.hpp"

namespace retort::config {
namespace {

using Document = ConfigTest;

TEST_F(Document, ExtendsFilesRelativeToTheOneThatSaysSo) {
  write("a.toml", "extends = ['parts/b.toml', 'parts/deep/c.toml']\n[t]\nfrom_a = 1\nx = 'a'\n");
  write("parts/b.toml", "extends = 'deep/d.toml'\n[t]\nfrom_b = 1\nx = 'b'\ny = 'b'\n");
  write("parts/deep/c.toml", "[t]\nfrom_c = 1\ny = 'c'\n");
  write("parts/deep/d.toml", "[t]\nfrom_d = 1\nx = 'd'\ny = 'd'\nz = 'd'\n");
  const Node document = load("a.toml");
  EXPECT_EQ(document.value(),
            toml("[t]\nfrom_a = 1\nfrom_b = 1\nfrom_c = 1\nfrom_d = 1\nx = 'a'\ny = 'c'\nz = 'd'\n").value());
  EXPECT_EQ(document.at_path("t.y")->origin().text(), "parts/deep/c.toml:3:5");
  EXPECT_EQ(document.at_path("t.z")->origin().text(), "parts/deep/d.toml:5:5");
  EXPECT_EQ(document.origin().source, "a.toml");
}

TEST_F(Document, DropsKeysOfWhatItExtends) {
  write("base.toml", "[optimizer]\nuse = 'sgd'\nmomentum = 0.9\nlr = 1\n[loss.a]\n[loss.b]\n");
  write("a.toml", "extends = 'base.toml'\nunset = ['optimizer.momentum', 'loss.a']\n[optimizer]\nuse = 'adamw'\n");
  EXPECT_EQ(load("a.toml").value(), toml("[optimizer]\nuse = 'adamw'\nlr = 1\n[loss.b]\n").value());
  write("b.toml", "extends = 'base.toml'\nunset = ['loss.c', 3]\n");
  EXPECT_EQ(load_problems("b.toml"),
            "b.toml:2:10: error: cannot unset loss.c: there is no key 'c' in loss; did you mean 'a'?\n"
            "b.toml:2:20: error: unset: expected the key, or a list of the keys, to drop, found an integer: 3\n");
}

TEST_F(Document, APublishedFigureIsNotInherited) {
  write("base.toml", "[optimizer]\nlr = 1\n[published]\ntop1 = 0.7\nsource = 'a'\n");
  EXPECT_TRUE(load("base.toml").find("published"));
  write("a.toml", "extends = 'base.toml'\n");
  EXPECT_EQ(load("a.toml").value(), toml("[optimizer]\nlr = 1\n").value());
  write("b.toml", "extends = 'base.toml'\n[published]\ntop1 = 0.6\nsource = 'b'\n");
  EXPECT_EQ(load("b.toml").value(), toml("[optimizer]\nlr = 1\n[published]\ntop1 = 0.6\nsource = 'b'\n").value());
}

TEST_F(Document, NamesTheChainOfACycle) {
  write("a.toml", "extends = 'b.toml'\n");
  write("b.toml", "\nextends = ['c.toml']\n");
  write("c.toml", "extends = './b.toml'\n");
  EXPECT_EQ(load_problems("a.toml"),
            "c.toml:1:11: error: extends: the file extends itself: b.toml -> c.toml -> b.toml\n");
  write("self.toml", "extends = 'self.toml'\n");
  EXPECT_EQ(load_problems("self.toml"),
            "self.toml:1:11: error: extends: the file extends itself: self.toml -> self.toml\n");
}

TEST_F(Document, TheSameFileTwiceIsNoCycle) {
  write("base.toml", "x = 1\n");
  write("a.toml", "extends = ['base.toml', 'b.toml']\n");
  write("b.toml", "extends = 'base.toml'\ny = 2\n");
  EXPECT_EQ(load("a.toml").value(), toml("x = 1\ny = 2\n").value());
}

TEST_F(Document, LimitsDepthAndNumberOfFiles) {
  for (int i = 0; i < 18; ++i) {
    write(std::to_string(i) + ".toml", "extends = '" + std::to_string(i + 1) + ".toml'\n");
  }
  write("18.toml", "x = 1\n");
  EXPECT_EQ(load("2.toml").value(), Value(Table{{"x", 1}}));
  EXPECT_EQ(load_problems("1.toml"), "17.toml:1:11: error: extends: more than 16 files deep\n");

  for (int i = 0; i < 12; ++i) {
    const std::string next = "'w" + std::to_string(i + 1) + ".toml'";
    write("w" + std::to_string(i) + ".toml", "extends = [" + next + ", " + next + "]\n");
  }
  write("w12.toml", "x = 1\n");
  EXPECT_THAT(load_problems("w0.toml"), testing::HasSubstr("extends: more than 256 files\n"));
}

TEST_F(Document, LocatesAMissingFileAndNamesTheNearest) {
  write("parts/base.toml", "x = 1\n");
  write("a.toml", "extends = ['parts/bass.toml',\n 'parts/zzzzzzzz.toml', 'parts', 7]\n");
  EXPECT_EQ(load_problems("a.toml"),
            "a.toml:1:12: error: cannot read 'parts/bass.toml': No such file or directory; did you mean 'base.toml'?\n"
            "a.toml:2:2: error: cannot read 'parts/zzzzzzzz.toml': No such file or directory\n"
            "a.toml:2:25: error: cannot read 'parts': it is a folder\n"
            "a.toml:2:34: error: extends: expected a file, or a list of files, found an integer: 7\n");
  EXPECT_EQ(load_problems("b.toml"),
            "b.toml: error: cannot read 'b.toml': No such file or directory; did you mean 'a.toml'?\n");
}

TEST_F(Document, RefusesLargeFiles) {
  write("big.toml", "x = 1\n" + std::string(2 << 20, '#'));
  EXPECT_EQ(load_problems("big.toml"), "big.toml: error: the file is larger than 1048576 bytes\n");
  write("fits.toml", "x = 1\n#" + std::string((1 << 20) - 7, ' '));
  EXPECT_EQ(load("fits.toml").value(), Value(Table{{"x", 1}}));
}

TEST_F(Document, ReportsTheMistakesOfAllFiles) {
  write("a.toml", "extends = ['b.toml', 'c.toml']\nx = nan\n");
  write("b.toml", "x = \n");
  write("c.toml", "\"\" = 1\n");
  const std::string text = load_problems("a.toml", {.set = {"x=1"}, .unset = {"y"}});
  EXPECT_THAT(text, testing::HasSubstr("a.toml:2:5: error: expected a number, found nan"));
  EXPECT_THAT(text, testing::HasSubstr("b.toml:1:5: error: "));
  EXPECT_THAT(text, testing::HasSubstr("c.toml:1:1: error: a key must not be empty"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("--unset")));
}

TEST_F(Document, InterpolatesTheNamesOfFiles) {
  setenv("RETORT_TEST_PART", "base", 1);
  write("base.toml", "x = 1\n");
  write("a.toml", "extends = '${env:RETORT_TEST_PART}.toml'\n");
  EXPECT_EQ(load("a.toml").value(), Value(Table{{"x", 1}}));
  write("b.toml", "extends = '${env:RETORT_TEST_UNSET}.toml'\n");
  EXPECT_THAT(load_problems("b.toml"), testing::StartsWith("b.toml:1:11: error: the environment variable"));
}

TEST_F(Document, PathsStartWhereTheyAreWritten) {
  EXPECT_EQ(base_directory({"parts/b.toml", 3, 1}), folder_ / "parts");
  EXPECT_EQ(base_directory({"/etc/b.toml", 3, 1}), "/etc");
  EXPECT_EQ(base_directory({"--set #1"}).lexically_normal(), folder_ / "");
}

}  // namespace
}  // namespace retort::config
