#pragma once

#include <string>

#include "data/source.hpp"
#include "graph/assembled.hpp"

namespace retort::engine {

// A small stage on synthetic data: an mlp teaches a smaller one.
inline const std::string kSyntheticStage = R"(
[dataset]
use = "synthetic"
classes = 4
image = [1, 6, 6]
train = 50
test = 30
[teacher]
use = "mlp"
hidden = [24]
[student]
use = "mlp"
hidden = [12]
[optimizer]
lr = 0.05
[schedule]
epochs = 3
batch_size = 16
[loss.label]
use = "cross_entropy"
weight = 0.3
)";

inline const std::string kSoftTerm = "[loss.soft]\nuse = \"kl_divergence\"\nweight = 0.7\ntemperature = 2.0\n";

inline const std::string kHintTerm =
    "[loss.hint]\nuse = \"logsum\"\n"
    "student = { projector = { use = \"linear\" }, normalization = { use = \"batch_norm\" } }\n"
    "teacher = { normalization = { use = \"batch_norm\" } }\n";

// An assembled stage with its data on a device.
struct SyntheticStage {
  explicit SyntheticStage(const std::string& toml, c10::Device device = c10::kCPU) : assembled(toml) {
    if (!assembled.graph) return;
    train = std::make_unique<data::ResidentSource>(assembled.graph->dataset->load(Split::Train),
                                                   data::Transforms(assembled.graph->data.image), 1, device);
    test = std::make_unique<data::ResidentSource>(assembled.graph->dataset->load(Split::Test),
                                                  data::Transforms(assembled.graph->data.image), 1, device);
  }
  graph::TrainingGraph& graph() { return *assembled.graph; }

  graph::Assembled assembled;
  std::unique_ptr<data::ResidentSource> train, test;
};

}  // namespace retort::engine
