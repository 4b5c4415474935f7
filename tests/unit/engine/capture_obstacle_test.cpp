#include <gtest/gtest.h>

#include "engine/capture_obstacle.hpp"
#include "synthetic_stage.hpp"

namespace retort::engine {
namespace {

TEST(CaptureObstacle, IsNotThereForTheBuiltInComponents) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm + kHintTerm);
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  EXPECT_EQ(capture_obstacle(stage.graph(), *stage.train), std::nullopt);
}

TEST(CaptureObstacle, NamesTheParameterOnASchedule) {
  SyntheticStage stage(
      kSyntheticStage +
      "[loss.soft]\nuse = \"kl_divergence\"\ntemperature = { value = 8, use = \"linear\", final = 1 }\n");
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  EXPECT_EQ(capture_obstacle(stage.graph(), *stage.train), "loss.soft.temperature is on a schedule");
}

// A constant given as a table is none.
TEST(CaptureObstacle, IsNotAScheduleThatStays) {
  SyntheticStage stage(kSyntheticStage + "[loss.soft]\nuse = \"kl_divergence\"\ntemperature = { value = 8 }\n");
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  EXPECT_EQ(capture_obstacle(stage.graph(), *stage.train), std::nullopt);
}

}  // namespace
}  // namespace retort::engine
