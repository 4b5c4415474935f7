#include "engine/evaluation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "data/normalize.hpp"
#include "synthetic_stage.hpp"

namespace retort::engine {
namespace {

// What a model says of the test split, in double precision.
struct Outputs {
  torch::Tensor logits, penultimate, target;
};

Outputs outputs(const graph::ModelNode& node, const data::ResidentSource& source) {
  const torch::NoGradGuard no_grad;
  node.model->eval();
  const data::Draw draw = source.draw(torch::arange(source.size()), 0);
  const data::Normalize normalize(node.input.mean, node.input.deviation, c10::kCPU);
  const torch::Tensor images = source.images(draw, normalize, torch::kFloat, at::MemoryFormat::Contiguous);
  const Taps taps = node.model->forward({images, {}}, {"logits", "penultimate"});
  return {taps.at("logits").to(torch::kDouble), taps.at("penultimate").to(torch::kDouble), source.batch(draw).target};
}

TEST(Evaluation, MatchesACountSampleBySample) {
  SyntheticStage stage(kSyntheticStage);
  ASSERT_TRUE(stage.assembled.graph) << stage.assembled.diagnostics.text();
  const graph::ModelNode& node = stage.graph().student;
  node.model->train();
  const Evaluation evaluation = evaluate(node, *stage.test, {});
  EXPECT_TRUE(node.model->is_training()) << "the mode is put back";

  const auto [logits, penultimate, target] = outputs(node, *stage.test);
  std::int64_t right = 0;
  double loss = 0.0, entropy = 0.0, lead = 0.0, norm = 0.0, features = 0.0;
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const std::int64_t label = target[i].item<std::int64_t>();
    const double log_sum = logits[i].exp().sum().log().item<double>();
    double squares = 0.0, largest_other = -1e300;
    for (std::int64_t k = 0; k < 4; ++k) {
      const double z = logits[i][k].item<double>();
      entropy -= std::exp(z - log_sum) * (z - log_sum);
      squares += z * z;
      if (k != label) largest_other = std::max(largest_other, z);
    }
    const double own = logits[i][label].item<double>();
    right += logits[i].argmax().item<std::int64_t>() == label;
    loss += log_sum - own;
    lead += own - largest_other;
    norm += std::sqrt(squares);
    features += std::sqrt(penultimate[i].square().sum().item<double>());
  }
  const auto samples = static_cast<double>(logits.size(0));
  EXPECT_EQ(evaluation.samples, logits.size(0));
  EXPECT_DOUBLE_EQ(evaluation.top1, static_cast<double>(right) / samples);
  EXPECT_DOUBLE_EQ(evaluation.top5, 1.0) << "there are only four classes";
  EXPECT_NEAR(evaluation.loss, loss / samples, 1e-5);
  EXPECT_NEAR(evaluation.measures.entropy, entropy / samples, 1e-5);
  EXPECT_NEAR(*evaluation.measures.top_logit_difference, lead / samples, 1e-5);
  EXPECT_NEAR(evaluation.measures.logit_norm, norm / samples, 1e-5);
  EXPECT_NEAR(*evaluation.measures.penultimate_norm, features / samples, 1e-5);
  EXPECT_FALSE(evaluation.agreement);
  EXPECT_FALSE(evaluation.comparison);
  EXPECT_FALSE(evaluation.logits.defined());
}

TEST(Evaluation, CalibrationErrorIsThatOfTheBins) {
  SyntheticStage stage(kSyntheticStage);
  const Evaluation evaluation = evaluate(stage.graph().student, *stage.test, {});
  const auto [logits, penultimate, target] = outputs(stage.graph().student, *stage.test);
  const torch::Tensor probabilities = torch::softmax(logits, 1);
  std::vector<double> count(15), confidence(15), accuracy(15);
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const double sure = probabilities[i].max().item<double>();
    const auto bin = static_cast<std::size_t>(std::ceil(sure * 15.0) - 1.0);
    count[bin] += 1.0;
    confidence[bin] += sure;
    accuracy[bin] += probabilities[i].argmax().item<std::int64_t>() == target[i].item<std::int64_t>() ? 1.0 : 0.0;
  }
  double expected = 0.0;
  for (std::size_t i = 0; i < 15; ++i) {
    if (count[i] > 0.0) expected += count[i] / 30.0 * std::abs(accuracy[i] / count[i] - confidence[i] / count[i]);
  }
  EXPECT_NEAR(evaluation.measures.calibration_error, expected, 1e-6);
}

TEST(Evaluation, ComparesWithTheTeachersLogits) {
  SyntheticStage stage(kSyntheticStage);
  const Evaluation teacher = evaluate(*stage.graph().teacher, *stage.test, {.keep_logits = true});
  ASSERT_EQ(teacher.logits.sizes(), (std::vector<std::int64_t>{30, 4}));
  const Evaluation student = evaluate(stage.graph().student, *stage.test, {.teacher_logits = teacher.logits});

  const Outputs s = outputs(stage.graph().student, *stage.test);
  const Outputs t = outputs(*stage.graph().teacher, *stage.test);
  double distance = 0.0, agree = 0.0;
  double table[2][2] = {};
  for (std::int64_t i = 0; i < 30; ++i) {
    distance += std::sqrt((s.logits[i] - t.logits[i]).square().sum().item<double>());
    const auto label = s.target[i].item<std::int64_t>();
    const auto students = s.logits[i].argmax().item<std::int64_t>();
    const auto teachers = t.logits[i].argmax().item<std::int64_t>();
    agree += students == teachers ? 1.0 : 0.0;
    table[students == label][teachers == label] += 1.0;
  }
  EXPECT_DOUBLE_EQ(*student.agreement, agree / 30);
  EXPECT_NEAR(student.comparison->logit_distance, distance / 30, 1e-5);
  EXPECT_DOUBLE_EQ(student.comparison->both_right, table[1][1] / 30);
  EXPECT_DOUBLE_EQ(student.comparison->student_right_teacher_wrong, table[1][0] / 30);
  EXPECT_DOUBLE_EQ(student.comparison->student_wrong_teacher_right, table[0][1] / 30);
  EXPECT_DOUBLE_EQ(student.comparison->both_wrong, table[0][0] / 30);
}

TEST(Evaluation, AModelBesideItselfDiffersInNothing) {
  SyntheticStage stage(kSyntheticStage);
  const Evaluation alone = evaluate(stage.graph().student, *stage.test, {.keep_logits = true});
  const Evaluation both = evaluate(stage.graph().student, *stage.test, {.teacher_logits = alone.logits});
  EXPECT_DOUBLE_EQ(*both.agreement, 1.0);
  EXPECT_EQ(both.comparison->logit_distance, 0.0);
  EXPECT_DOUBLE_EQ(both.comparison->both_right, alone.top1);
  EXPECT_DOUBLE_EQ(both.comparison->both_wrong, 1.0 - alone.top1);
  EXPECT_EQ(both.comparison->student_right_teacher_wrong, 0.0);
  EXPECT_EQ(both.comparison->student_wrong_teacher_right, 0.0);
}

TEST(Evaluation, AgreementIsTheShareOfEqualPredictions) {
  SyntheticStage stage(kSyntheticStage);
  const Evaluation alone = evaluate(stage.graph().student, *stage.test, {.keep_logits = true});
  torch::Tensor teacher = alone.logits.clone();
  teacher.slice(0, 0, 6) = teacher.slice(0, 0, 6).roll(1, 1);
  EXPECT_DOUBLE_EQ(*evaluate(stage.graph().student, *stage.test, {.teacher_logits = teacher}).agreement, 0.8);
}

}  // namespace
}  // namespace retort::engine
