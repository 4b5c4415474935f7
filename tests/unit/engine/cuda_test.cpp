#include <gtest/gtest.h>
#include <torch/torch.h>

#include "engine/capture_obstacle.hpp"
#include "engine/device.hpp"
#include "engine/trainer.hpp"
#include "synthetic_stage.hpp"
#include "weights/state.hpp"

// On a GPU: the executor on the device itself, and its replay of whole steps.
namespace retort::engine {
namespace {

struct Silent final : StageObserver {
  void read(const Reading& reading) override { last = reading; }
  void evaluated(const Position&, const Evaluation&) override {}
  void save_point(const Position&, bool) override {}
  Reading last;
};

class Cuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!find_device("auto").is_cuda()) GTEST_SKIP() << "there is no GPU";
  }

  // The student's weights after training on the GPU, on the CPU.
  std::map<std::string, torch::Tensor> train(const std::string& toml, bool captured) {
    SyntheticStage stage(toml, c10::Device(c10::kCUDA, 0));
    StageTrainer::Options options{.device = c10::Device(c10::kCUDA, 0), .read_every = 1000};
    if (captured) {
      options.capture =
          choose_capture(stage.graph(), *stage.train, options.device, [&](const std::string& note) { told_ = note; });
    }
    StageTrainer trainer(stage.graph(), *stage.train, *stage.test, values_, options, observer_);
    const std::atomic<bool> stop = false;
    trainer.run(stop);
    std::map<std::string, torch::Tensor> weights;
    for (const auto& [name, tensor] : weights::state_dict(*stage.graph().student.model)) weights[name] = tensor.cpu();
    return weights;
  }

  std::string told_;
  StepValues values_{[this](registry::LogLevel, std::string_view, std::string_view message) { told_ = message; }};
  Silent observer_;
};

TEST_F(Cuda, ReplayedStepsLearnWhatStepsLearn) {
  // Enough steps of each kind for the warm-up, the capture and replays: eight epochs of three full and one short batch.
  std::string toml = kSyntheticStage + kSoftTerm + kHintTerm;
  toml.replace(toml.find("epochs = 3"), 10, "epochs = 8");
  const auto eager = train(toml, false), replayed = train(toml, true);
  EXPECT_EQ(told_, "");
  for (const auto& [name, tensor] : eager) {
    EXPECT_TRUE(torch::allclose(replayed.at(name), tensor, 1e-3, 1e-4)) << name;
  }
}

}  // namespace
}  // namespace retort::engine
