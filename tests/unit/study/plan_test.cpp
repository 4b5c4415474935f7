#include "study/plan.hpp"

#include "experiment_text.hpp"
#include "fake_catalog.hpp"
#include "study/shared_teacher.hpp"

namespace retort::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::optional<StudyPlan> plan(const std::string& study, std::string& problems, const std::string& base = kExperiment) {
  config::Diagnostics diagnostics;
  auto result = plan_study(parse(base + study), "/out", config::FakeCatalog(), diagnostics);
  problems = diagnostics.text();
  return result;
}

StudyPlan plan(const std::string& study) {
  std::string problems;
  auto result = plan(study, problems);
  EXPECT_EQ(problems, "");
  return result.value_or(StudyPlan{});
}

std::string problems(const std::string& study) {
  std::string problems;
  EXPECT_FALSE(plan(study, problems).has_value());
  return problems;
}

TEST(Plan, MembersThatTrainOneTeacherShareIt) {
  const StudyPlan study = plan("[study.axes]\n\"loss.soft.temperature\" = [1, 2]\nseed = [1, 2]\n");
  ASSERT_THAT(study.members, SizeIs(4));
  ASSERT_THAT(study.teachers, SizeIs(2));  // one for each seed
  EXPECT_THAT(study.teachers[0].members, ElementsAre("temperature=1,seed=1", "temperature=2,seed=1"));
  EXPECT_EQ(study.teachers[1].experiment.run.seed, 2);
  const PlannedRun& member = study.members[2].run;
  ASSERT_THAT(member.teachers, SizeIs(1));
  EXPECT_EQ(member.teachers[0].substitution.models.at(0), "teacher");
  EXPECT_EQ(member.teachers[0].run, study.teachers[0].name);
  const auto& stages = study.teachers[0].experiment.stages;
  ASSERT_THAT(stages, SizeIs(1));
  EXPECT_EQ(stages[0].name, "teacher");
  EXPECT_EQ(stages[0].student.model.use.value, "wrn_40_2");
  EXPECT_FALSE(stages[0].teacher);
}

TEST(Plan, ATeacherHasNotThePublishedFigure) {
  const StudyPlan study = plan("[published]\ntop1 = 0.7\nsource = \"a table\"\n[study.axes]\nseed = [1]\n");
  ASSERT_THAT(study.teachers, SizeIs(1));
  EXPECT_FALSE(study.teachers[0].experiment.resolved.find("published"));
  EXPECT_TRUE(study.members[0].run.experiment.resolved.find("published"));
}

TEST(Plan, ATeacherThatIsTrainedOtherwiseIsAnother) {
  EXPECT_THAT(plan("[study.axes]\n\"teacher.training.schedule.epochs\" = [1, 2]\n").teachers, SizeIs(2));
  EXPECT_THAT(plan("[study.axes]\n\"schedule.epochs\" = [1, 2]\n").teachers, SizeIs(2));
  EXPECT_THAT(plan("[study.axes]\n\"loss.soft.weight\" = [1, 2]\n").teachers, SizeIs(1));
}

TEST(Plan, ASharedStageNeedNotBeTheFirst) {
  const std::string stages =
      "[stage.alone.teacher]\nweights = \"/proc/self/exe\"\n"
      "[stage.big]\nunset = [\"teacher\", \"loss.soft\"]\n"
      "[stage.small.teacher]\nstage = \"big\"\n";
  const StudyPlan study = plan(stages + "[study.axes]\nseed = [1, 2]\n");
  ASSERT_THAT(study.members, SizeIs(2));
  const PlannedRun& run = study.members[0].run;
  ASSERT_THAT(run.teachers, SizeIs(1));
  EXPECT_EQ(run.teachers[0].stage, "big");
  std::vector<std::string> names;
  for (const config::StageSpec* stage : own_stages(run)) names.push_back(stage->name);
  EXPECT_THAT(names, ElementsAre("alone", "small"));
}

TEST(Plan, TeachersMayKeepToThemselves) {
  const StudyPlan study = plan("[study]\nshare_teacher = false\n[study.axes]\nseed = [1, 2]\n");
  EXPECT_THAT(study.teachers, IsEmpty());
  EXPECT_THAT(study.members[0].run.teachers, IsEmpty());
  EXPECT_THAT(study.members[0].run.experiment.stages, SizeIs(2));
}

TEST(Plan, TellsAProblemOnceWithItsMembers) {
  const std::string text = problems("[study.axes]\n\"loss.soft.temperatur\" = [1, 2]\nseed = [1, 2]\n");
  EXPECT_THAT(text, HasSubstr("e.toml:20:1: error: loss.soft.temperatur: unknown key 'temperatur'; did you mean "
                              "'temperature'?"));
  EXPECT_THAT(text, HasSubstr(" (every member)\n"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_THAT(problems("[study.axes]\n\"loss.soft.temperature\" = [1, -2]\nseed = [1, 2]\n"),
              HasSubstr("e.toml:20:31: error: loss.soft.temperature: expected a number greater than 0, found -2 "
                        "(member temperature=-2,seed=1 and 1 other)"));
}

TEST(Plan, MembersThatAreTheSameExperimentAreRefused) {
  EXPECT_THAT(problems("[study.variants.a]\n[study.variants.b]\n"),
              HasSubstr("this is the same experiment as the member a (member b)"));
  EXPECT_THAT(problems("[study.variants.a]\n[study.variants.b.optimizer]\nlr = 0.05\n"), HasSubstr("member a"));
}

TEST(Plan, PublishedValuesAreOfGroups) {
  EXPECT_THAT(plan("[study.axes]\nseed = [1]\n[study.variants.kd]\n"
                   "[study.published.kd]\ntop1 = 0.7\nsource = \"a table\"\n")
                  .spec.published,
              SizeIs(1));
  EXPECT_THAT(problems("[study.variants.kd]\n[study.published.kt]\ntop1 = 0.7\nsource = \"a table\"\n"),
              HasSubstr("error: study.published: there are no members 'kt'; did you mean 'kd'?"));
}

TEST(Plan, CountsMembersBeforeItMakesThem) {
  std::string many = "[0";
  for (int i = 1; i < 200; ++i) many += ", " + std::to_string(i);
  many += "]";
  EXPECT_THAT(problems("[study.axes]\nseed = " + many + "\n\"schedule.epochs\" = " + many + "\n"),
              HasSubstr("study: more than 10000 members"));
}

}  // namespace
}  // namespace retort::study
