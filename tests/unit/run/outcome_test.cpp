#include "run/outcome.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <retort/error.hpp>

namespace retort::run {
namespace {

std::filesystem::path file(const std::string& content) {
  const auto path = std::filesystem::path(testing::TempDir()) / "outcome.json";
  std::ofstream(path) << content;
  return path;
}

TEST(Outcome, ReadsWhatItWrote) {
  const StageOutcome outcome{.stage = "a",
                             .student = "resnet8",
                             .top1 = 0.1 + 0.2,
                             .top5 = 0.9,
                             .best_top1 = 0.4,
                             .agreement = 0.5,
                             .teacher_hash = "abc",
                             .steps = 12,
                             .seconds = 3.5,
                             .measures = engine::ModelMeasures{.calibration_error = 0.1, .entropy = 0.7},
                             .comparison = engine::TeacherComparison{.logit_distance = 2.5, .both_right = 0.75},
                             .logit_cache = cache::LogitCache::Counts{.hits = 30, .misses = 10}};
  const StageOutcome read = read_outcome(file(to_json(outcome).dump()));
  EXPECT_EQ(to_json(read), to_json(outcome));
  EXPECT_EQ(read.top1, outcome.top1);
  EXPECT_FALSE(read.teacher_top1);
  EXPECT_EQ(read.measures->entropy, 0.7);
  EXPECT_FALSE(read.teacher_measures);
  EXPECT_EQ(read.comparison->both_right, 0.75);
  EXPECT_EQ(read.logit_cache->spared(), 0.75);
}

TEST(Outcome, HoldsThePublishedFigure) {
  const RunOutcome outcome{.state = "finished", .published = config::PublishedResult{.top1 = 0.7, .source = "a table"}};
  EXPECT_EQ(to_json(outcome)["published"], (nlohmann::ordered_json{{"top1", 0.7}, {"source", "a table"}}));
  EXPECT_TRUE(to_json(RunOutcome{.state = "finished"})["published"].is_null());
}

TEST(Outcome, ReadsWhatVersion01Wrote) {
  auto json = to_json(StageOutcome{.stage = "a"});
  for (const char* later : {"measures", "teacher_measures", "comparison", "logit_cache"})
    EXPECT_EQ(json.erase(later), 1U);
  EXPECT_FALSE(read_outcome(file(json.dump())).measures);
}

TEST(Outcome, OtherFilesAreRefusedByName) {
  for (const char* content : {"", "{", "{\"stage\": 3}", "[]"}) {
    try {
      read_outcome(file(content));
      ADD_FAILURE() << content;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("outcome.json is not the result of a stage"));
    }
  }
}

}  // namespace
}  // namespace retort::run
