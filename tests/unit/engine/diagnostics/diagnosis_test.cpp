#include <cmath>

#include <gmock/gmock.h>

#include "engine/synthetic_stage.hpp"
#include "engine/trainer.hpp"

namespace retort::engine {
namespace {

class Readings final : public StageObserver {
 public:
  void read(const Reading& reading) override { all.push_back(reading); }
  void evaluated(const Position&, const Evaluation&) override {}
  void save_point(const Position&, bool) override {}
  std::vector<Reading> all;
};

// A batch-normalised student with a projector for every way of being diagnosed.
const std::string kStage =
    synthetic_stage("[1, 8, 8]", "use = \"convnet\"\nchannels = [8, 16]", "use = \"convnet\"\nchannels = [4, 8]") +
    kSoftTerm + kHintTerm + R"(
[loss.map]
use = "logsum"
weight = 0.1
student = { tap = "layer1", projector = { use = "conv", kernel = 3, batch_norm = true } }
teacher = { tap = "layer1" }
)";

struct Trained {
  explicit Trained(std::int64_t diagnose_every, const std::string& toml = kStage) {
    SyntheticStage stage(toml);
    if (!stage.assembled.graph) throw Error(stage.assembled.diagnostics.text());
    StepValues values([](registry::LogLevel, std::string_view, std::string_view) {});
    StageTrainer trainer(stage.graph(), *stage.train, *stage.test, values,
                         {.read_every = 5, .diagnose_every = diagnose_every}, readings);
    const std::atomic<bool> stop{false};
    trainer.run(stop);
    state = trainer.snapshot();
    for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
  }

  Readings readings;
  weights::TensorFile state;
};

std::vector<std::int64_t> diagnosed_steps(const Trained& trained) {
  std::vector<std::int64_t> steps;
  for (const Reading& reading : trained.readings.all) {
    if (reading.diagnosis) steps.push_back(reading.position.step);
  }
  return steps;
}

TEST(Diagnosis, LeavesNoTraceInTheTraining) {
  const Trained watched(1), unwatched(0);
  ASSERT_FALSE(watched.state.tensors.empty());
  for (const auto& [name, tensor] : unwatched.state.tensors) {
    EXPECT_TRUE(torch::equal(watched.state.tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(watched.readings.all.size(), 12U);
  EXPECT_EQ(watched.readings.all.back().epoch.loss, unwatched.readings.all.back().epoch.loss);
}

TEST(Diagnosis, IsMadeAndReadEverySoManySteps) {
  EXPECT_THAT(diagnosed_steps(Trained(3)), testing::ElementsAre(3, 6, 9, 12));
  EXPECT_THAT(diagnosed_steps(Trained(0)), testing::IsEmpty());
}

// The step's own gradient of the student is the weighted sum of those of the terms.
TEST(Diagnosis, AgreesWithTheGradientOfTheStep) {
  const auto without = [](std::string toml, const std::string& from) { return toml.substr(0, toml.find(from)); };
  const Trained trained(1, without(kStage, "[loss.hint]"));
  const double weights[] = {0.3, 0.7};
  for (const Reading& reading : trained.readings.all) {
    ASSERT_TRUE(reading.diagnosis && reading.gradient_norm);
    const TermGradients& found = reading.diagnosis->gradients;
    ASSERT_EQ(found.norms.size(), 2U);
    double square = 0.0;
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        square += weights[i] * weights[j] * found.norms[i] * found.norms[j] * found.cosines[i][j];
      }
    }
    EXPECT_NEAR(std::sqrt(square), *reading.gradient_norm, 1e-4 * *reading.gradient_norm) << reading.position.step;
  }
}

TEST(Diagnosis, HoldsEveryProjectorOfTheStage) {
  const Trained trained(12);
  const auto& projectors = trained.readings.all.back().diagnosis->projectors;
  ASSERT_EQ(projectors.size(), 2U);
  EXPECT_EQ(projectors[0].projector, "loss.hint.student.projector");
  EXPECT_TRUE(projectors[0].relations);
  EXPECT_EQ(projectors[1].projector, "loss.map.student.projector");
  ASSERT_EQ(projectors[1].weights.size(), 1U);
  EXPECT_EQ(projectors[1].weights[0].weight, "conv.weight");
}

}  // namespace
}  // namespace retort::engine
