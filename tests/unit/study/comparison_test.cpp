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
