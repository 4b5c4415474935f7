#include "config/overrides.hpp"

#include "config_test.hpp"

namespace retort::config {
namespace {

class OverridesTest : public ConfigTest {
 protected:
  Node with(const std::vector<std::string>& set, const std::vector<std::string>& unset = {}) const {
    write("a.toml", kText);
    return load("a.toml", {set, unset});
  }
  std::string problems(const std::vector<std::string>& set, const std::vector<std::string>& unset = {}) const {
    write("a.toml", kText);
    return load_problems("a.toml", {set, unset});
  }
  static constexpr const char* kText = "[run]\nseed = 1\n[loss.soft]\nstudent = ['a', { tap = 'b' }]\n";
};

TEST_F(OverridesTest, ParseValuesAsToml) {
  const Node document = with({"run.seed=2", "loss.soft.temperature=8.5", "x=[1, 'two']", "y={ a.b = true }"});
  EXPECT_EQ(document.at_path("run.seed")->scalar(), Value(2));
  EXPECT_EQ(document.at_path("loss.soft.temperature")->scalar(), Value(8.5));
  EXPECT_EQ(document.find("x")->value(), Value(List{1, "two"}));
  EXPECT_EQ(document.find("y")->value(), Value(Table{{"a", Table{{"b", true}}}}));
  EXPECT_EQ(document.at_path("y.a.b")->origin().text(), "--set #4");
}

TEST_F(OverridesTest, TakePlainWordsAsStrings) {
  const Node document = with({"a=wrn_16_2", "b=/data/cifar", "c=cuda:1", "d=two words", "e=0,05", "f=2024-01-01",
                              "g=a=b", "h=naïve", "i=C:\\x"});
  const Value expected(Table{{"a", "wrn_16_2"},
                             {"b", "/data/cifar"},
                             {"c", "cuda:1"},
                             {"d", "two words"},
                             {"e", "0,05"},
                             {"f", "2024-01-01"},
                             {"g", "a=b"},
                             {"h", "naïve"},
                             {"i", "C:\\x"}});
  for (const auto& [key, value] : expected.as<Table>()) EXPECT_EQ(document.find(key)->scalar(), value) << key;
}

TEST_F(OverridesTest, ReachListsAndQuotedKeys) {
  const Node document = with({"loss.soft.student[1].tap=logits", "loss.soft.student[0]=layer3", "loss.\"a.b\".use=x"});
  EXPECT_EQ(document.at_path("loss.soft.student")->value(), Value(List{"layer3", Table{{"tap", "logits"}}}));
  EXPECT_EQ(document.find("loss")->find("a.b")->value(), Value(Table{{"use", "x"}}));
  EXPECT_EQ(document.at_path("loss.soft.student[1].tap")->origin().text(), "--set #1");
}

TEST_F(OverridesTest, LaterOnesWinAndUnsettingComesFirst) {
  const Node document = with({"run.seed=2", "run.seed=3", "run.name=x"}, {"run"});
  EXPECT_EQ(document.find("run")->value(), Value(Table{{"seed", 3}, {"name", "x"}}));
  EXPECT_EQ(document.at_path("run.seed")->origin().text(), "--set #2");
}

TEST_F(OverridesTest, ATableReplacesATable) {
  EXPECT_EQ(with({"loss.soft={ use = 'x' }"}).at_path("loss.soft")->value(), Value(Table{{"use", "x"}}));
}

TEST_F(OverridesTest, ApplyingThemTwiceChangesNothing) {
  const std::vector<std::string> set{"run.seed=2", "loss.soft.student[0]=x", "new.table.key=[1]"};
  std::vector<std::string> twice = set;
  twice.insert(twice.end(), set.begin(), set.end());
  EXPECT_EQ(with(set).value(), with(twice).value());
}

TEST_F(OverridesTest, AreLocatedWhenTheyAreWrong) {
  EXPECT_EQ(problems({"run.seed", "run.seed.x=1", "loss.soft.student[2]=x", "run[0]=1", "loss..x=1", "=1",
                      "a=", "extends=b.toml", "loss.soft.student.x=1"},
                     {"run.sed", "loss.hard"}),
            "--set #1: error: expected key=value, found 'run.seed'\n"
            "--set #2: error: cannot set 'run.seed.x': 'run.seed' is no table but an integer: 1 (a.toml:2:8)\n"
            "--set #3: error: cannot set 'loss.soft.student[2]': 'loss.soft.student' has 2 items, there is no [2]\n"
            "--set #4: error: cannot set 'run[0]': 'run' is no list but a table (a.toml:1:1)\n"
            "--set #5: error: cannot set 'loss..x': expected a key at character 6 of the key\n"
            "--set #6: error: cannot set '': expected a key at character 1 of the key\n"
            "--set #7: error: the value is not TOML: Error while parsing key-value pair: encountered end-of-file\n"
            "--set #8: error: cannot set 'extends': files are merged before anything is set; name another experiment "
            "file instead\n"
            "--set #9: error: cannot set 'loss.soft.student.x': 'loss.soft.student' is no table but a list "
            "(a.toml:4:11)\n"
            "--unset #1: error: cannot unset run.sed: there is no key 'sed' in run; did you mean 'seed'?\n"
            "--unset #2: error: cannot unset loss.hard: there is no key 'hard' in loss\n");
}

TEST_F(OverridesTest, RefuseHalfTomlAndHostileValues) {
  for (const std::string value :
       {"[1, 2", "{ a = 1", "\"open", "'open", "#", "[1]\nb = 2", "nan", "bad\xff", "{ \"\" = 1 }", "[2024-01-01]"}) {
    EXPECT_THAT(problems({"x=" + value}), testing::StartsWith("--set #1: error: ")) << value;
  }
  EXPECT_THAT(problems({"x=" + std::string(5000, '[')}), testing::HasSubstr("nested more than 64 deep"));
  std::string path = "a";
  for (int i = 0; i < 20000; ++i) path += ".a";
  EXPECT_THAT(problems({path + "=1"}), testing::HasSubstr("expected at most 64 parts"));
}

}  // namespace
}  // namespace retort::config
