#include "engine/evaluation.hpp"

#include <gtest/gtest.h>

#include "data/normalize.hpp"
#include "synthetic_stage.hpp"

namespace retort::engine {
namespace {

TEST(Evaluation, MatchesACountSampleBySample) {
  SyntheticStage stage(kSyntheticStage);
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  const graph::ModelNode& node = stage.graph().student;
  node.model->train();
  const Evaluation evaluation = evaluate(node, *stage.test, torch::kFloat);
  EXPECT_TRUE(node.model->is_training()) << "the mode is put back";

  torch::NoGradGuard no_grad;
  node.model->eval();
  const auto batch = stage.test->batch(stage.test->draw(torch::arange(stage.test->size()), 0));
  const data::Normalize normalize(node.input.mean, node.input.deviation, c10::kCPU);
  const torch::Tensor logits =
      node.model->forward({normalize(batch.images), {}}, {"logits"}).at("logits").to(torch::kDouble);
  std::int64_t right = 0;
  double loss = 0.0;
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const std::int64_t label = batch.target[i].item<std::int64_t>();
    right += logits[i].argmax().item<std::int64_t>() == label;
    loss += (logits[i].exp().sum().log() - logits[i][label]).item<double>();
  }
  const auto samples = static_cast<double>(logits.size(0));
  EXPECT_EQ(evaluation.samples, logits.size(0));
  EXPECT_DOUBLE_EQ(evaluation.top1, static_cast<double>(right) / samples);
  EXPECT_DOUBLE_EQ(evaluation.top5, 1.0) << "there are only four classes";
  EXPECT_NEAR(evaluation.loss, loss / samples, 1e-5);
  EXPECT_FALSE(evaluation.agreement);
}

TEST(Evaluation, AgreementIsTheShareOfEqualPredictions) {
  SyntheticStage stage(kSyntheticStage);
  const Evaluation alone = evaluate(stage.graph().student, *stage.test, torch::kFloat);
  torch::Tensor teacher = alone.predictions.clone();
  EXPECT_DOUBLE_EQ(*evaluate(stage.graph().student, *stage.test, torch::kFloat, teacher).agreement, 1.0);
  teacher.slice(0, 0, 6).add_(1).remainder_(4);
  EXPECT_DOUBLE_EQ(*evaluate(stage.graph().student, *stage.test, torch::kFloat, teacher).agreement, 0.8);
}

}  // namespace
}  // namespace retort::engine
