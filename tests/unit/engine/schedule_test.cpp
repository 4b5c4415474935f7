#include "engine/schedule.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace retort::engine {
namespace {

using Kind = config::ScheduleSpec::Kind;

TEST(Schedule, ConstantStaysAtItsValue) {
  const config::ScheduleSpec schedule{.value = 0.3};
  EXPECT_DOUBLE_EQ(value_at(schedule, 0.0, 10), 0.3);
  EXPECT_DOUBLE_EQ(value_at(schedule, 9.9, 10), 0.3);
}

TEST(Schedule, MultistepDropsWithTheEpochAfterTheMilestone) {
  const config::ScheduleSpec schedule{
      .kind = Kind::Multistep, .value = 0.05, .milestones = {150, 180, 210}, .gamma = 0.1};
  EXPECT_DOUBLE_EQ(value_at(schedule, 149.999, 240), 0.05);
  EXPECT_DOUBLE_EQ(value_at(schedule, 150.0, 240), 0.05 * 0.1);
  EXPECT_DOUBLE_EQ(value_at(schedule, 180.0, 240), 0.05 * std::pow(0.1, 2));
  EXPECT_DOUBLE_EQ(value_at(schedule, 239.0, 240), 0.05 * std::pow(0.1, 3));
}

TEST(Schedule, CosineGoesFromValueToFinal) {
  const config::ScheduleSpec schedule{.kind = Kind::Cosine, .value = 1.0, .final_value = 0.2};
  EXPECT_DOUBLE_EQ(value_at(schedule, 0.0, 8), 1.0);
  EXPECT_NEAR(value_at(schedule, 4.0, 8), 0.6, 1e-15);
  EXPECT_NEAR(value_at(schedule, 2.0, 8), 0.2 + 0.8 * (1.0 + std::sqrt(0.5)) / 2.0, 1e-15);
  EXPECT_NEAR(value_at(schedule, 8.0, 8), 0.2, 1e-15);
}

TEST(Schedule, LinearCrossesTheMiddleHalfway) {
  const config::ScheduleSpec schedule{.kind = Kind::Linear, .value = 0.0, .final_value = 0.9};
  EXPECT_DOUBLE_EQ(value_at(schedule, 0.0, 4), 0.0);
  EXPECT_DOUBLE_EQ(value_at(schedule, 2.0, 4), 0.45);
  EXPECT_DOUBLE_EQ(value_at(schedule, 4.0, 4), 0.9);
}

TEST(Schedule, WarmUpRisesToTheValueAndTheRestCoversTheRemainingEpochs) {
  const config::ScheduleSpec schedule{
      .kind = Kind::Cosine, .value = 0.4, .final_value = 0.0, .warmup_epochs = 5.0, .warmup_start = 0.5};
  EXPECT_DOUBLE_EQ(value_at(schedule, 0.0, 25), 0.2);
  EXPECT_DOUBLE_EQ(value_at(schedule, 2.5, 25), 0.3);
  EXPECT_DOUBLE_EQ(value_at(schedule, 5.0, 25), 0.4);
  EXPECT_NEAR(value_at(schedule, 15.0, 25), 0.2, 1e-15);
  EXPECT_NEAR(value_at(schedule, 25.0, 25), 0.0, 1e-15);
}

TEST(Schedule, WarmUpAsLongAsTheStageEndsAtTheFinalValue) {
  const config::ScheduleSpec schedule{.kind = Kind::Linear, .value = 1.0, .final_value = 0.5, .warmup_epochs = 3.0};
  EXPECT_NEAR(value_at(schedule, 2.999, 3), 0.9997, 1e-4);
  EXPECT_DOUBLE_EQ(value_at(schedule, 3.0, 3), 0.5);
}

}  // namespace
}  // namespace retort::engine
