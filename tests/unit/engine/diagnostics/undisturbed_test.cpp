#include "engine/diagnostics/undisturbed.hpp"

#include <gtest/gtest.h>

#include "engine/synthetic_stage.hpp"
#include "graph/forward.hpp"
#include "weights/state.hpp"

namespace retort::engine {
namespace {

const std::string kNormalisedStudent = R"(
[student]
use = "convnet"
channels = [4]
)";

TEST(Undisturbed, PutsBuffersRandomNumbersAndReportsBack) {
  std::string toml = kSyntheticStage;
  const std::string student = "[student]\nuse = \"mlp\"\nhidden = [12]\n";
  toml.replace(toml.find(student), student.size(), kNormalisedStudent);
  SyntheticStage stage(toml);
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  auto& model = *stage.graph().student.model;
  model.train();
  StepValues values([](registry::LogLevel, std::string_view, std::string_view) {});
  values.report("loss.label", "before", torch::tensor(1.0));
  torch::manual_seed(3);
  const std::string before = weights::state_hash(model);
  {
    const Undisturbed undisturbed(stage.graph(), c10::kCPU, values);
    model.forward({torch::rand({4, 1, 6, 6}), {}}, {"logits"});
    EXPECT_NE(weights::state_hash(model), before) << "running statistics should have moved";
    values.report("loss.label", "during", torch::tensor(2.0));
  }
  EXPECT_EQ(weights::state_hash(model), before);
  const auto drawn = torch::rand({3});
  torch::manual_seed(3);
  EXPECT_TRUE(torch::equal(drawn, torch::rand({3})));
  const auto reported = values.take();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_EQ(reported.begin()->first.second, "before");
}

}  // namespace
}  // namespace retort::engine
