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

// Reads its images while training goes on.
class Streaming final : public data::Source {
 public:
  explicit Streaming(const Shape& image)
      : Source(torch::zeros({50}, torch::kInt64), data::Transforms(image), 1, c10::kCPU, /*withholds=*/false) {}

  at::Tensor images(const data::Draw&, const data::Normalize&, at::ScalarType, at::MemoryFormat) const override {
    return {};
  }
  std::int64_t lookahead() const override { return 3; }
  std::optional<std::string> fingerprint() const override { return std::nullopt; }
};

TEST(CaptureObstacle, IsADataSetThatStreams) {
  SyntheticStage stage(kSyntheticStage + kSoftTerm);
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  const Streaming train(stage.graph().data.image);
  EXPECT_EQ(capture_obstacle(stage.graph(), train), "the data set 'synthetic' streams its images");
}

}  // namespace
}  // namespace retort::engine
