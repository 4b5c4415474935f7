#include "graph/memory_meter.hpp"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "assembled.hpp"

namespace retort::graph {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

TEST(MemoryMeter, KnowsTheMostThatWasInUseAtOnce) {
  const torch::Tensor before = torch::zeros({kMebibyte / 4});
  const MemoryMeter meter;
  EXPECT_EQ(meter.peak(), 0);
  {
    const torch::Tensor one = torch::zeros({kMebibyte / 4});
    const torch::Tensor two = torch::zeros({kMebibyte / 2});
  }
  const torch::Tensor three = torch::zeros({kMebibyte / 4});
  EXPECT_EQ(meter.peak(), 3 * kMebibyte);
}

TEST(MemoryMeter, LeavesNothingBehind) {
  std::int64_t seen = 0;
  {
    const MemoryMeter meter;
    const torch::Tensor one = torch::zeros({kMebibyte / 4});
    seen = meter.peak();
  }
  const MemoryMeter later;
  EXPECT_EQ(seen, kMebibyte);
  EXPECT_EQ(later.peak(), 0);
}

std::string experiment(int batch, const std::string& optimizer) {
  return R"([dataset]
use = "synthetic"
classes = 4
image = [1, 8, 8]
[student]
use = "mlp"
hidden = [16]
[loss.label]
use = "cross_entropy"
[schedule]
batch_size = )" +
         std::to_string(batch) + "\n[optimizer]\n" + optimizer;
}

MemoryNeed need(int batch, const std::string& optimizer) {
  const Assembled assembled(experiment(batch, optimizer));
  EXPECT_TRUE(assembled.graph) << assembled.diagnostics.text();
  return assembled.graph ? assembled.graph->memory : MemoryNeed{};
}

TEST(MemoryNeed, OfAnMlpIsThatOfItsLayers) {
  constexpr std::int64_t kWeights = 4 * (64 * 16 + 16 + 16 * 4 + 4);
  const MemoryNeed sgd = need(128, "momentum = 0.9\n");
  EXPECT_EQ(sgd.weights, kWeights);
  EXPECT_EQ(sgd.gradients, kWeights);
  EXPECT_EQ(sgd.optimizer, kWeights);
  EXPECT_EQ(need(128, "use = \"adam\"\nlr = 0.01\n").optimizer, 2 * kWeights);
  EXPECT_EQ(need(128, "use = \"adamw\"\nlr = 0.01\n").optimizer, 2 * kWeights);
  // What the backward pass reads, at least: the image, 64 values, and the hidden layer behind its ReLU, 16.
  EXPECT_GE(sgd.activations, 4 * 128 * (64 + 16));
  EXPECT_LE(sgd.activations, 4 * 128 * 3 * (64 + 16));
  EXPECT_EQ(need(256, "momentum = 0.9\n").activations, 2 * sgd.activations);
}

}  // namespace
}  // namespace retort::graph
