#include "experiment_text.hpp"

namespace retort::study {
namespace {

using testing::HasSubstr;

std::string problems(const std::string& study) {
  std::string text;
  EXPECT_FALSE(read_spec(study, &text).has_value());
  return text;
}

TEST(StudyReader, SeedStandsForTheRunsSeed) {
  const auto spec = read_spec("[study.axes]\nseed = [1, 2]\n\"loss.soft.temperature\" = [1, 2, 4]\n");
  ASSERT_EQ(spec->axes.size(), 2u);
  EXPECT_EQ(spec->axes[0].target.text, "run.seed");
  EXPECT_EQ(spec->axes[0].target.label, "seed");
  EXPECT_TRUE(spec->axes[0].target.is_seed());
  EXPECT_EQ(spec->axes[1].target.label, "temperature");
  EXPECT_EQ(spec->axes[1].values.size(), 3u);
  EXPECT_TRUE(spec->share_teacher);
}

TEST(StudyReader, LabelsAreAsLongAsTheyMustBe) {
  const auto spec = read_spec(
      "[study.axes]\n\"loss.soft.weight\" = [1]\n\"loss.label.weight\" = [1]\n\"dataset.transforms[0].size\" = [1]\n");
  EXPECT_EQ(spec->axes[0].target.label, "soft.weight");
  EXPECT_EQ(spec->axes[1].target.label, "label.weight");
  EXPECT_EQ(spec->axes[2].target.label, "size");
}

TEST(StudyReader, NamesTheNearestKey) {
  EXPECT_EQ(problems("[study]\nshare_teachers = true\n[study.axes]\nseed = [1]\n"),
            "e.toml:20:1: error: study.share_teachers: unknown key 'share_teachers'; did you mean 'share_teacher'? "
            "(accepted: share_teacher, axes, sample, variants, published)\n");
  EXPECT_THAT(problems("[study.axes]\n\"optimiser.lr\" = [1]\n"),
              HasSubstr("e.toml:20:1: error: study.axes.\"optimiser.lr\": there is no table 'optimiser' in an "
                        "experiment; did you mean 'optimizer'?"));
}

TEST(StudyReader, RefusesWhatIsNoAxis) {
  EXPECT_EQ(problems("[study.axes]\nseed = []\n"),
            "e.toml:20:8: error: study.axes.seed: expected at least one value, found an empty list\n");
  EXPECT_EQ(problems("[study.axes]\nseed = [1, 2, 1]\n"),
            "e.toml:20:15: error: study.axes.seed: the value 1 is there twice\n");
  EXPECT_EQ(problems("[study.axes]\nseed = [1]\n\"run.seed\" = [2]\n"),
            "e.toml:21:1: error: study: the key 'run.seed' is set twice, first at e.toml:20:1\n");
  EXPECT_THAT(problems("[study.axes]\nseed = 3\n"), HasSubstr("study.axes.seed: expected a list, found an integer: 3"));
  EXPECT_THAT(problems("[study.axes]\n\"run.name\" = [\"a\"]\n"), HasSubstr("the study itself names the directories"));
  EXPECT_THAT(problems("[study.axes]\n\"loss..weight\" = [1]\n"), HasSubstr("expected a key at character 6"));
}

TEST(StudyReader, NeedsMembers) {
  EXPECT_EQ(problems("[study]\nshare_teacher = false\n"),
            "e.toml:19:1: error: study: it has no members; expected axes, variants or sample\n");
  EXPECT_THAT(problems(""), HasSubstr("there is no table [study]"));
}

TEST(StudyReader, ReadsDistributions) {
  const auto spec = read_spec(R"([study.sample]
count = 3
seed = 7
[study.sample.keys]
"optimizer.lr" = { log_uniform = [1e-3, 0.1] }
"optimizer.momentum" = { uniform = [0, 0.9] }
"schedule.epochs" = { integers = [1, 10] }
"run.precision" = { choices = ["float32", "bfloat16"] }
)");
  ASSERT_TRUE(spec->sample);
  EXPECT_EQ(spec->sample->count, 3);
  EXPECT_EQ(spec->sample->seed, 7);
  ASSERT_EQ(spec->sample->keys.size(), 4u);
  EXPECT_EQ(spec->sample->keys[0].distribution.kind, Distribution::Kind::LogUniform);
  EXPECT_EQ(spec->sample->keys[0].distribution.min, 1e-3);
  EXPECT_EQ(spec->sample->keys[2].distribution.last, 10);
  EXPECT_EQ(spec->sample->keys[3].distribution.choices.size(), 2u);
}

TEST(StudyReader, RefusesWhatIsNoDistribution) {
  const std::string begin = "[study.sample]\ncount = 2\n[study.sample.keys]\n";
  EXPECT_EQ(problems(begin + "\"optimizer.lr\" = { uniform = [1, 0] }\n"),
            "e.toml:22:30: error: study.sample.keys.\"optimizer.lr\".uniform: expected two numbers, the smaller one "
            "first, found [1, 0]\n");
  EXPECT_THAT(problems(begin + "\"optimizer.lr\" = { log_uniform = [0, 1] }\n"), HasSubstr("greater than 0"));
  EXPECT_THAT(problems(begin + "\"optimizer.lr\" = { normal = [0, 1] }\n"), HasSubstr("unknown key 'normal'"));
  EXPECT_THAT(problems(begin + "\"optimizer.lr\" = {}\n"), HasSubstr("found 0 keys"));
  EXPECT_THAT(problems("[study.sample.keys]\nseed = { integers = [1, 9] }\n"),
              HasSubstr("study.sample.count: missing"));
  EXPECT_THAT(problems("[study.sample]\ncount = 2\n"), HasSubstr("expected at least one key"));
}

TEST(StudyReader, VariantsLeaveNamesToTheStudy) {
  EXPECT_THAT(problems("[study.variants.a.run]\nname = \"x\"\n"),
              HasSubstr("e.toml:20:8: error: study.variants.a: a variant cannot change 'run.name'"));
  EXPECT_THAT(problems("[study.variants.\"a/b\"]\n"), HasSubstr("the name becomes a folder"));
}

TEST(StudyReader, PublishedValuesNeedASource) {
  EXPECT_THAT(problems("[study.axes]\nseed = [1]\n[study.published.kd]\ntop1 = 0.9\n"),
              HasSubstr("study.published.kd.source: missing"));
  EXPECT_THAT(problems("[study.axes]\nseed = [1]\n[study.published.kd]\ntop1 = 90\nsource = \"x\"\n"),
              HasSubstr("expected a number in [0, 1], found 90"));
}

}  // namespace
}  // namespace retort::study
