#include "config/interpolation.hpp"

#include "config/toml_text.hpp"
#include "config_test.hpp"

namespace retort::config {
namespace {

class Interpolation : public ConfigTest {
 protected:
  Interpolation() {
    setenv("RETORT_TEST_A", "alpha", 1);
    setenv("RETORT_TEST_EMPTY", "", 1);
    unsetenv("RETORT_TEST_NONE");
  }
  static std::string value(const std::string& text) {
    write("a.toml", "x = '" + text + "'\n");
    return load("a.toml").find("x")->scalar().as<std::string>();
  }
  static std::string problem(const std::string& text) {
    write("a.toml", "x = '" + text + "'\n");
    return load_problems("a.toml");
  }
};

TEST_F(Interpolation, ReplacesReferences) {
  EXPECT_EQ(value("${env:RETORT_TEST_A}"), "alpha");
  EXPECT_EQ(value("/x/${env:RETORT_TEST_A}/${env:RETORT_TEST_A}.y"), "/x/alpha/alpha.y");
  EXPECT_EQ(value("${env:RETORT_TEST_A:-other}"), "alpha");
  EXPECT_EQ(value("${env:RETORT_TEST_NONE:-some default: 1}"), "some default: 1");
  EXPECT_EQ(value("${env:RETORT_TEST_EMPTY:-filled}"), "filled");
  EXPECT_EQ(value("<${env:RETORT_TEST_EMPTY}${env:RETORT_TEST_NONE:-}>"), "<>");
  EXPECT_EQ(value("costs $5 {x} $"), "costs $5 {x} $");
}

TEST_F(Interpolation, DoesNotLookIntoWhatItInserts) {
  setenv("RETORT_TEST_A", "${env:HOME}", 1);
  EXPECT_EQ(value("${env:RETORT_TEST_A}"), "${env:HOME}");
}

TEST_F(Interpolation, ReachesListsAndOverrides) {
  write("a.toml", "l = [{ x = '${env:RETORT_TEST_A}' }]\n");
  const Node document = load("a.toml", {.set = {"y=${env:RETORT_TEST_A}/z"}});
  EXPECT_EQ(document.at_path("l[0].x")->scalar(), Value("alpha"));
  EXPECT_EQ(document.find("y")->scalar(), Value("alpha/z"));
}

TEST_F(Interpolation, LocatesWhatItCannotReplace) {
  EXPECT_EQ(problem("${env:RETORT_TEST_NONE}"),
            "a.toml:1:5: error: the environment variable RETORT_TEST_NONE is not set; set it, or write "
            "${env:RETORT_TEST_NONE:-default}\n");
  EXPECT_EQ(problem("${cfg:run.seed}"),
            "a.toml:1:5: error: unknown reference '${cfg:run.seed}'; expected ${env:NAME} or ${env:NAME:-default}\n");
  EXPECT_EQ(problem("a ${env:X"), "a.toml:1:5: error: '${env:X' has no closing '}'\n");
  EXPECT_EQ(problem("${env:1X}"), "a.toml:1:5: error: '1X' in '${env:1X}' is no name of an environment variable\n");
  EXPECT_THAT(problem("${env:}"), testing::HasSubstr("is no name of an environment variable"));
}

TEST_F(Interpolation, PrintsTheReferenceUnlessAskedForTheValue) {
  write("a.toml", "x = 'token ${env:RETORT_TEST_A}'\ny = 1\n");
  const Node document = load("a.toml");
  EXPECT_EQ(*document.find("x")->written(), "token ${env:RETORT_TEST_A}");
  EXPECT_EQ(document.find("y")->written(), nullptr);
  EXPECT_EQ(toml_text(document), "x = \"token ${env:RETORT_TEST_A}\"\ny = 1\n");
  EXPECT_EQ(toml_text(document, {.values = true}), "x = \"token alpha\"\ny = 1\n");
}

}  // namespace
}  // namespace retort::config
