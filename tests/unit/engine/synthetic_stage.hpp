#pragma once

#include <string>

#include "data/source.hpp"
#include "graph/assembled.hpp"

namespace retort::engine {

// A small stage on synthetic data. `image`: "[1, 6, 6]"; `teacher` and `student`: what stands in their tables.
inline std::string synthetic_stage(const std::string& image, const std::string& teacher, const std::string& student) {
  return "[dataset]\nuse = \"synthetic\"\nclasses = 4\nimage = " + image + "\ntrain = 50\ntest = 30\n[teacher]\n" +
         teacher + "\n[student]\n" + student + R"(
[optimizer]
lr = 0.05
[schedule]
epochs = 3
batch_size = 16
[loss.label]
use = "cross_entropy"
weight = 0.3
)";
}

// An mlp teaches a smaller one.
inline const std::string kSyntheticStage =
    synthetic_stage("[1, 6, 6]", "use = \"mlp\"\nhidden = [24]", "use = \"mlp\"\nhidden = [12]");

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
