#include "study/comparison.hpp"

#include <cmath>

#include <gmock/gmock.h>

#include <retort/error.hpp>

#include "study/comparison_format.hpp"

namespace retort::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ComparedRun finished(const std::string& group, int seed, double top1, const std::string& device = "cpu") {
  ComparedRun run{.name = group + ",seed=" + std::to_string(seed), .group = group};
  run.seed = seed;
  run.state = "finished";
  run.run.state = ExistingRun::State::Finished;
  run.run.stages = {{{"stage", "teacher"}, {"top1", 0.99}, {"seconds", 5.0}},
                    {{"stage", "student"}, {"top1", top1}, {"seconds", 10.0 + seed}}};
  run.circumstances = {{"device", device}};
  return run;
}

ComparedRuns study() {
  ComparedRuns runs;
  runs.runs = {finished("kd", 1, 0.90), finished("kd", 2, 0.92), finished("ce", 1, 0.85),
               finished("ce", 2, 0.89), finished("ce", 3, 0.87), finished("kd", 3, 0.1)};
  runs.runs.back().state = "failed";
  runs.runs.back().reason = "it diverged";
  runs.published["kd"] = {0.915, "Someone 2020, \"Table\" 1, row 2"};
  return runs;
}

TEST(Comparison, AveragesFinishedRunsOverSeeds) {
  const ComparedRuns runs = study();
  const Comparison comparison = compare(runs, "top1", "ce");
  ASSERT_THAT(comparison.groups, SizeIs(2));
  const ComparedGroup& kd = comparison.groups[0];
  EXPECT_EQ(kd.name, "kd");
  EXPECT_EQ(kd.moments.n, 2u);
  EXPECT_NEAR(kd.moments.mean, 0.91, 1e-12);
  EXPECT_NEAR(*kd.moments.sd, 0.01 * std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(kd.seconds, 16.5, 1e-12);
  EXPECT_THAT(comparison.unfinished, ElementsAre(&runs.runs[5]));
  EXPECT_THAT(comparison.mismatches, IsEmpty());
}

TEST(Comparison, SubtractsOverCommonSeeds) {
  const ComparedRuns runs = study();
  const Comparison comparison = compare(runs, "top1", "ce");
  const PairedDifference& difference = *comparison.groups[0].difference;
  EXPECT_EQ(difference.moments.n, 2u);  // the seeds 1 and 2: 0.05 and 0.03
  EXPECT_NEAR(difference.moments.mean, 0.04, 1e-12);
  EXPECT_FALSE(comparison.groups[1].difference);
}

TEST(Comparison, NamesTheNearestGroupAndMetric) {
  const ComparedRuns runs = study();
  try {
    compare(runs, "top1", "cd");
    FAIL();
  } catch (const InvalidParameter& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no group 'cd' with a finished run; did you mean '"));
  }
  EXPECT_THROW(compare(runs, "top2", ""), InvalidParameter);
  EXPECT_THROW(compare(ComparedRuns{}, "top1", ""), InvalidParameter);
}

TEST(Comparison, SaysInWhatTheRunsDiffer) {
  ComparedRuns runs = study();
  runs.runs[1].circumstances["device"] = "cuda";
  EXPECT_THAT(compare(runs, "top1", "").mismatches,
              ElementsAre("the runs differ in their device: cpu in kd,seed=1 and 3 more; cuda in kd,seed=2"));
  runs.runs[1].circumstances.clear();
  EXPECT_THAT(compare(runs, "top1", "").mismatches, SizeIs(1));
}

TEST(Comparison, SaysWhichPluginsDiffer) {
  ComparedRuns runs = study();
  for (ComparedRun& run : runs.runs) run.plugins = {{"convnet.so", "0123456789abcdef"}};
  // Another library is no difference: not every run needs it.
  runs.runs[0].plugins["kl_divergence.so"] = "5555";
  EXPECT_THAT(compare(runs, "top1", "").mismatches, IsEmpty());
  runs.runs[1].plugins["convnet.so"] = "fedcba9876543210";
  runs.runs[5].plugins["convnet.so"] = "of a run that is not finished";
  EXPECT_THAT(compare(runs, "top1", "").mismatches,
              ElementsAre("the runs differ in their plugin convnet.so: 0123456789ab in kd,seed=1 and 3 more; "
                          "fedcba987654 in kd,seed=2"));
}

TEST(Comparison, ARunsOwnPublishedFigureIsShownUnlessItsStudyHasOne) {
  ComparedRuns runs = study();
  for (ComparedRun& run : runs.runs) run.published = config::PublishedResult{0.8, "the run's"};
  const Comparison comparison = compare(runs, "top1", "");
  EXPECT_EQ(comparison.groups[0].published->top1, 0.915);
  EXPECT_EQ(comparison.groups[1].published->source, "the run's");
  EXPECT_FALSE(compare(runs, "seconds", "").groups[1].published);
}

TEST(Comparison, AddsUpWhatTheCacheSpared) {
  ComparedRuns runs = study();
  for (ComparedRun& run : runs.runs) run.run.stages[1]["logit_cache"] = {{"hits", 3}, {"misses", 1}};
  const Comparison comparison = compare(runs, "top1", "");
  EXPECT_EQ(comparison.logit_cache.hits, 15);  // of five finished runs
  EXPECT_EQ(to_json(comparison)["logit_cache"]["spared"], 0.75);
  EXPECT_THAT(to_text(comparison), HasSubstr("the logit cache spared 15 of 20 teacher forward passes (75.0 %)"));
  EXPECT_TRUE(to_json(compare(study(), "top1", ""))["logit_cache"].is_null());
}

TEST(ComparisonFormat, TablesTellWhatTheRunsDifferIn) {
  ComparedRuns runs = study();
  runs.runs[1].circumstances["device"] = "cuda";
  const Comparison comparison = compare(runs, "top1", "");
  const std::string note = "Not alike: the runs differ in their device: cpu in kd,seed=1 and 3 more; cuda in kd,seed=2";
  EXPECT_THAT(to_text(comparison), HasSubstr(note + "\n"));
  EXPECT_THAT(to_markdown(comparison), HasSubstr("\n" + note + "\n"));
  EXPECT_THAT(to_json(comparison)["mismatches"].dump(), HasSubstr("cuda in kd,seed=2"));
}

TEST(ComparisonFormat, TextShowsPercent) {
  const std::string text = to_text(compare(study(), "top1", "ce"));
  EXPECT_THAT(text, HasSubstr("91.00 ± 1.41"));
  EXPECT_THAT(text, HasSubstr("+4.00"));
  EXPECT_THAT(text, HasSubstr("baseline"));
  EXPECT_THAT(text, HasSubstr("91.50"));
  EXPECT_THAT(text, HasSubstr("Someone 2020"));
}

TEST(ComparisonFormat, TextTellsWhatIsNotAveraged) {
  const ComparedRuns runs = study();
  EXPECT_THAT(to_text(compare(runs, "top1", "")), HasSubstr("Not averaged: kd,seed=3 (failed: it diverged)\n"));
}

TEST(ComparisonFormat, MarkdownIsATable) {
  const ComparedRuns runs = study();
  const std::string text = to_markdown(compare(runs, "top1", ""));
  EXPECT_THAT(text, HasSubstr("| group | n | top1 (%) | time | published | source |\n"
                              "| --- | ---: | ---: | ---: | ---: | --- |\n"
                              "| kd | 2 | 91.00 ± 1.41 | 17 s | 91.50 | Someone"));
}

TEST(ComparisonFormat, CsvQuotesText) {
  const ComparedRuns runs = study();
  const std::string text = to_csv(compare(runs, "top1", "ce"));
  EXPECT_THAT(text, HasSubstr("\"Someone 2020, \"\"Table\"\" 1, row 2\"\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nce,top1,3,"));
}

TEST(ComparisonFormat, JsonHoldsEveryValue) {
  const ComparedRuns runs = study();
  const auto json = to_json(compare(runs, "top1", "ce"));
  EXPECT_EQ(json["groups"][1]["values"][2]["seed"], 3);
  EXPECT_EQ(json["groups"][1]["difference"], nullptr);
  EXPECT_EQ(json["groups"][0]["difference"]["pairs"], 2);
  EXPECT_EQ(json["unfinished"][0]["reason"], "it diverged");
}

}  // namespace
}  // namespace retort::study
