#include "config_test.hpp"

namespace retort::config {
namespace {

using testing::HasSubstr;
using Ensembles = ConfigTest;

std::string experiment(const std::string& teacher) {
  return "[run]\nseed = 3\n[dataset]\nuse = 'cifar100'\n[student]\nuse = 'wrn_16_2'\n[loss.soft]\nuse = "
         "'kl_divergence'\n" +
         teacher;
}

TEST_F(Ensembles, MembersWithoutWeightsAreTrainedFirstEachWithItsOwnSeed) {
  write("given.safetensors", "");
  write("a.toml", experiment("[teacher]\ncombine = 'mean_probabilities'\n"
                             "[teacher.members.a]\nuse = 'wrn_40_2'\n"
                             "[teacher.members.b]\nuse = 'wrn_40_2'\ntraining.schedule.epochs = 7\n"
                             "[teacher.members.c]\nuse = 'wrn_40_2'\ntraining.seed = 11\n"
                             "[teacher.members.d]\nuse = 'wrn_16_2'\nweights = 'given.safetensors'\n"));
  const ExperimentSpec spec = read("a.toml");
  ASSERT_EQ(spec.stages.size(), 4u);
  EXPECT_EQ(spec.stages[0].name, "teacher.a");
  EXPECT_EQ(spec.stages[0].seed, 3);
  EXPECT_EQ(spec.stages[1].seed, 1003);
  EXPECT_EQ(spec.stages[1].training.epochs, 7);
  EXPECT_EQ(spec.stages[2].seed, 11);
  EXPECT_EQ(spec.stages[2].student.model.key, "teacher.members.c");
  const StageSpec& last = spec.stages[3];
  EXPECT_EQ(last.name, "student");
  EXPECT_FALSE(last.seed);
  EXPECT_EQ(last.teacher->combine, Combination::MeanProbabilities);
  ASSERT_EQ(last.teacher->members.size(), 4u);
  EXPECT_EQ(last.teacher->members[1].name, "b");
  EXPECT_EQ(last.teacher->members[1].spec.stage->value, "teacher.b");
  EXPECT_TRUE(last.teacher->members[3].spec.weights);
}

TEST_F(Ensembles, HaveNothingThatBelongsToASingleModel) {
  const auto said = [&](const std::string& teacher) {
    write("a.toml", experiment(teacher));
    return read_problems("a.toml");
  };
  const std::string member = "[teacher.members.a]\nuse = 'wrn_40_2'\n";
  EXPECT_THAT(said("[teacher]\nuse = 'wrn_40_2'\n" + member),
              HasSubstr("a.toml:10:7: error: teacher.use: goes with a single teacher"));
  EXPECT_THAT(said("[teacher]\nmean = [0.5]\n" + member), HasSubstr("teacher.mean: goes with a single teacher"));
  EXPECT_THAT(said("[teacher]\ncombin = 'sum_logits'\n" + member), HasSubstr("did you mean 'combine'?"));
  EXPECT_THAT(said("[teacher]\ncombine = 'median'\n" + member), HasSubstr("found \"median\""));
  EXPECT_THAT(said("[teacher]\nuse = 'wrn_40_2'\ncombine = 'sum_logits'\n"),
              HasSubstr("teacher.combine: goes with [teacher.members.<name>]"));
  EXPECT_THAT(said("[teacher]\nmembers = {}\n"), HasSubstr("expected at least one [teacher.members.<name>]"));
  EXPECT_THAT(said("[teacher]\nexpect_accuracy = 0.5\n"), HasSubstr("teacher.use: missing"));
  EXPECT_THAT(said("[teacher.members.a]\nstage = 'no'\nuse = 'wrn_40_2'\n"), HasSubstr("there is no stage 'no'"));
  EXPECT_THAT(said("[teacher.members.a]\nuse = 'wrn_402'\n"), HasSubstr("did you mean 'wrn_40_2'?"));
}

TEST_F(Ensembles, OfNamedStagesTakeTheirStudents) {
  write("a.toml",
        "[dataset]\nuse = 'cifar100'\n[student]\nuse = 'wrn_16_2'\n[loss.label]\nuse = 'cross_entropy'\n"
        "[stage.first]\nseed = 5\n[stage.second]\nseed = 6\n"
        "[stage.third.teacher.members.x]\nuse = 'wrn_16_2'\nstage = 'first'\n"
        "[stage.third.teacher.members.y]\nuse = 'wrn_16_2'\nstage = 'second'\n"
        "[stage.third.loss.soft]\nuse = 'kl_divergence'\n"
        "[stage.fourth.student]\nstage = 'third'\n");
  const ExperimentSpec spec = read("a.toml");
  ASSERT_EQ(spec.stages.size(), 4u);
  EXPECT_EQ(spec.stages[1].seed, 6);
  EXPECT_EQ(spec.stages[2].teacher->members.at(1).spec.stage->value, "second");
  EXPECT_EQ(spec.stages[3].student.stage->value, "third");
}

TEST_F(Ensembles, AStudentCannotStartFromALaterStage) {
  write("a.toml",
        "[dataset]\nuse = 'cifar100'\n[student]\nuse = 'wrn_16_2'\n[loss.label]\nuse = 'cross_entropy'\n"
        "[stage.first.student]\nstage = 'second'\n[stage.second]\n");
  EXPECT_THAT(read_problems("a.toml"),
              HasSubstr("a.toml:8:9: error: student.stage: the stage 'second' does not run before 'first'"));
}

}  // namespace
}  // namespace retort::config
