#include "study/expansion.hpp"

#include "experiment_text.hpp"

namespace retort::study {
namespace {

using testing::ElementsAre;

struct Expanded {
  std::vector<Member> members;
  std::string problems;
};

Expanded expanded(const std::string& study) {
  config::Diagnostics diagnostics;
  MemberProblems problems;
  const config::Node document = parse(kExperiment + study);
  Expanded result;
  result.members = expand(*read_spec(study), document, "/out", problems, diagnostics);
  problems.report(result.members.size(), diagnostics);
  result.problems = diagnostics.text();
  return result;
}

std::vector<std::string> names(const std::vector<Member>& members) {
  std::vector<std::string> all;
  for (const Member& member : members) all.push_back(member.name);
  return all;
}

std::string value(const Member& member, const std::string& path) {
  const config::Node* const node = member.document.at_path(path);
  return node ? to_toml(node->value()) : "(none)";
}

TEST(Expansion, IsTheGridWithTheLastAxisFastest) {
  const auto [members, problems] = expanded("[study.axes]\n\"loss.soft.temperature\" = [1, 2.5]\nseed = [1, 2]\n");
  EXPECT_EQ(problems, "");
  EXPECT_THAT(names(members), ElementsAre("temperature=1,seed=1", "temperature=1,seed=2", "temperature=2.5,seed=1",
                                          "temperature=2.5,seed=2"));
  EXPECT_EQ(members[3].group, "temperature=2.5");
  EXPECT_EQ(value(members[3], "loss.soft.temperature"), "2.5");
  EXPECT_EQ(value(members[3], "run.seed"), "2");
  EXPECT_EQ(value(members[3], "run.name"), "\"temperature=2.5,seed=2\"");
  EXPECT_EQ(value(members[3], "run.directory"), "\"/out\"");
  EXPECT_EQ(value(members[3], "study"), "(none)");
  EXPECT_EQ(members[3].document.at_path("loss.soft.temperature")->origin().text(), "e.toml:20:31");
}

TEST(Expansion, VariantsAreLaidOverTheExperiment) {
  const auto [members, problems] = expanded(
      "[study.axes]\nseed = [1, 2]\n[study.variants.kd]\n[study.variants.ce]\nunset = [\"loss.soft\"]\n"
      "[study.variants.ce.optimizer]\nlr = 0.1\n");
  EXPECT_EQ(problems, "");
  EXPECT_THAT(names(members), ElementsAre("kd,seed=1", "kd,seed=2", "ce,seed=1", "ce,seed=2"));
  EXPECT_EQ(members[0].group, "kd");
  EXPECT_EQ(members[2].group, "ce");
  EXPECT_EQ(value(members[0], "loss.soft.temperature"), "4.0");
  EXPECT_EQ(value(members[0], "optimizer.lr"), "0.05");
  EXPECT_EQ(value(members[2], "loss.soft"), "(none)");
  EXPECT_EQ(value(members[2], "optimizer.lr"), "0.1");
  EXPECT_EQ(value(members[2], "unset"), "(none)");
}

// "[published]" of each member, by its name.
std::vector<std::string> published(const std::string& study) {
  std::vector<std::string> all;
  for (const Member& member : expanded("[published]\ntop1 = 0.7\nsource = \"a\"\n" + study).members) {
    all.push_back(member.name + " " + value(member, "published.top1"));
  }
  return all;
}

TEST(Expansion, APublishedFigureIsOfTheExperimentAlone) {
  EXPECT_THAT(published("[study.axes]\nseed = [1, 2]\n"), ElementsAre("seed=1 0.7", "seed=2 0.7"));
  EXPECT_THAT(published("[study.axes]\n\"optimizer.lr\" = [0.05, 0.1]\n"),
              ElementsAre("lr=0.05 (none)", "lr=0.1 (none)"));
  EXPECT_THAT(
      published("[study.sample]\ncount = 1\n[study.sample.keys]\n\"optimizer.lr\" = { uniform = [0.1, 0.2] }\n"),
      ElementsAre("sample=1 (none)"));
  EXPECT_THAT(published("[study.variants.same]\n[study.variants.other.optimizer]\nlr = 0.1\n"
                        "[study.variants.less]\nunset = \"loss.soft\"\n"
                        "[study.variants.own]\nunset = \"loss.soft\"\npublished = { top1 = 0.6, source = \"b\" }\n"),
              ElementsAre("same 0.7", "other (none)", "less (none)", "own 0.6"));
}

TEST(Expansion, AxesWinOverVariants) {
  const auto [members, problems] =
      expanded("[study.axes]\n\"optimizer.lr\" = [0.3]\n[study.variants.a.optimizer]\nlr = 0.1\n");
  EXPECT_EQ(value(members.at(0), "optimizer.lr"), "0.3");
}

TEST(Expansion, ValuesThatAreNoNamesAreNumbered) {
  const auto [members, problems] =
      expanded("[study.axes]\n\"dataset.transforms\" = [[], [\"random_flip\"]]\n\"run.device\" = [\"cpu\", \"a/b\"]\n");
  EXPECT_THAT(names(members), ElementsAre("transforms=#1,device=#1", "transforms=#1,device=#2",
                                          "transforms=#2,device=#1", "transforms=#2,device=#2"));
}

TEST(Expansion, SamplesCombineWithAxes) {
  const auto [members, problems] = expanded(
      "[study.sample]\ncount = 10\n[study.sample.keys]\n\"optimizer.lr\" = { uniform = [0.01, 0.1] }\n"
      "[study.axes]\nseed = [1, 2]\n");
  EXPECT_EQ(problems, "");
  ASSERT_EQ(members.size(), 20u);
  EXPECT_EQ(members[0].name, "seed=1,sample=01");
  EXPECT_EQ(members[0].group, "sample=01");
  EXPECT_EQ(members[19].name, "seed=2,sample=10");
  EXPECT_EQ(value(members[0], "optimizer.lr"), value(members[10], "optimizer.lr"));
  EXPECT_NE(value(members[0], "optimizer.lr"), value(members[1], "optimizer.lr"));
}

TEST(Expansion, TellsWhichMembersLackATable) {
  const auto [members, problems] =
      expanded("[study.axes]\n\"loss.sofd.weight\" = [1, 2]\n[study.variants.a]\n[study.variants.b]\n");
  EXPECT_EQ(problems,
            "e.toml:20:1: error: study: there is no table [loss.sofd]; did you mean 'soft'? (tables: label, soft) "
            "(every member)\n");
  EXPECT_EQ(expanded("[study.axes]\n\"loss.soft.weight\" = [1, 2]\n[study.variants.a]\n[study.variants.b]\n"
                     "unset = \"loss.soft\"\n")
                .problems,
            "e.toml:20:1: error: study: there is no table [loss.soft] (tables: label) (member b,weight=1 and 1 "
            "other)\n");
}

}  // namespace
}  // namespace retort::study
