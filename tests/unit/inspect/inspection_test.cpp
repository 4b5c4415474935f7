#include "inspect/inspection.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "inspect/inspection_report.hpp"

namespace retort::inspect {
namespace {

using testing::HasSubstr;

torch::Tensor rows(const std::vector<double>& values, std::int64_t columns) {
  return torch::tensor(values, torch::kDouble).view({-1, columns});
}

// Four samples of three classes; the student is right on the first two, the teacher on the first and the third.
SplitOutputs student_outputs() {
  return {.logits = rows({6, 3, 1, 0, 4, 2, 5, 1, 1, 2, 0, 1}, 3),
          .penultimate = rows({3, 4, 0, 5, 8, 6, 0, 1}, 2),
          .target = torch::tensor({0, 1, 2, 2}, torch::kInt64)};
}

SplitOutputs teacher_outputs() {
  return {.logits = rows({7, 3, 1, 4, 0, 2, 0, 1, 5, 2, 0, 1}, 3), .target = student_outputs().target};
}

TEST(Inspection, OfAModelIsThatOfItsSamples) {
  const ModelInspection found = inspect_model("convnet", student_outputs(), 4);
  EXPECT_EQ(found.samples, 4);
  EXPECT_DOUBLE_EQ(found.top1, 0.5);
  const auto log_sum = [](double a, double b, double c) { return std::log(std::exp(a) + std::exp(b) + std::exp(c)); };
  EXPECT_NEAR(found.loss,
              (log_sum(6, 3, 1) - 6 + log_sum(0, 4, 2) - 4 + log_sum(5, 1, 1) - 1 + log_sum(2, 0, 1) - 1) / 4, 1e-12);
  // 3, 2, 1 - 5 and 1 - 2.
  EXPECT_DOUBLE_EQ(found.top_logit_difference->mean, 0.0);
  EXPECT_DOUBLE_EQ(found.top_logit_difference->quantiles.front(), -4.0);
  EXPECT_DOUBLE_EQ(found.penultimate_norm->mean, (5 + 5 + 10 + 1) / 4.0);
  EXPECT_DOUBLE_EQ(found.logit_norm.quantiles.back(), std::sqrt(46.0));
  double confidence = 0.0, right = 0.0;
  for (const auto& bin : found.calibration) {
    confidence += static_cast<double>(bin.samples) * bin.confidence;
    right += static_cast<double>(bin.samples) * bin.accuracy;
  }
  EXPECT_NEAR(confidence,
              std::exp(6 - log_sum(6, 3, 1)) + std::exp(4 - log_sum(0, 4, 2)) + std::exp(5 - log_sum(5, 1, 1)) +
                  std::exp(2 - log_sum(2, 0, 1)),
              1e-12);
  EXPECT_DOUBLE_EQ(right, 2.0);
}

TEST(Inspection, OfAPairCountsWhoIsRight) {
  const PairInspection found = inspect_pair(student_outputs(), teacher_outputs(), 4);
  EXPECT_DOUBLE_EQ(found.agreement, 0.5) << "the first and the last";
  EXPECT_DOUBLE_EQ(found.comparison.both_right, 0.25);
  EXPECT_DOUBLE_EQ(found.comparison.student_right_teacher_wrong, 0.25);
  EXPECT_DOUBLE_EQ(found.comparison.student_wrong_teacher_right, 0.25);
  EXPECT_DOUBLE_EQ(found.comparison.both_wrong, 0.25);
  EXPECT_DOUBLE_EQ(found.logit_distance.mean, (1 + std::sqrt(32.0) + std::sqrt(41.0) + 0) / 4);
  EXPECT_DOUBLE_EQ(found.comparison.logit_distance, found.logit_distance.mean);
}

TEST(Inspection, WithOneClassThereIsNoDifferenceOfLogits) {
  const SplitOutputs one{.logits = rows({1, 2}, 1), .target = torch::zeros({2}, torch::kInt64)};
  const ModelInspection found = inspect_model("convnet", one, 2);
  EXPECT_FALSE(found.top_logit_difference);
  EXPECT_FALSE(found.penultimate_norm);
  EXPECT_EQ(found.entropy.mean, 0.0);
  EXPECT_EQ(found.calibration_error, 0.0);
}

TEST(Inspection, JsonHoldsEverythingAndTextSaysTheMainThings) {
  const DatasetInfo data{.classes = 3, .names = {"cat", "dog", "owl"}};
  Inspection inspection{
      .run = "a/b", .stage = "main", .split = "test", .student = inspect_model("small", student_outputs(), 4)};
  inspection.student.plane = {"fc.weight", {{0, 0, 0, 0}, {0, 1, 2, 0}, {0, 2, 1, 1}}, {{3, 2, 0.5, 0.25}}};
  const auto alone = to_json(inspection, data);
  EXPECT_TRUE(alone["teacher"].is_null());
  EXPECT_TRUE(alone["comparison"].is_null());
  inspection.teacher = inspect_model("large", teacher_outputs(), 4);
  inspection.pair = inspect_pair(student_outputs(), teacher_outputs(), 4);

  const auto json = nlohmann::json::parse(to_json(inspection, data).dump());
  EXPECT_EQ(json["classes"], (nlohmann::json{"cat", "dog", "owl"}));
  EXPECT_EQ(json["student"]["logit_norm"]["histogram"]["counts"].size(), 4U);
  EXPECT_EQ(json["student"]["logit_norm"]["histogram"]["edges"].size(), 5U);
  EXPECT_EQ(json["student"]["reliability"].size(), 15U);
  EXPECT_EQ(json["student"]["plane"]["points"][0],
            (nlohmann::json{{"sample", 3}, {"class", 2}, {"x", 0.5}, {"y", 0.25}}));
  EXPECT_TRUE(json["teacher"]["plane"].is_null());
  EXPECT_EQ(json["comparison"]["logit_distance"]["mean"], inspection.pair->logit_distance.mean);
  EXPECT_EQ(json["comparison"]["both_wrong"], 0.25);

  const std::string text = to_text(inspection, data);
  EXPECT_THAT(text, HasSubstr("student: small, 50.00% right"));
  EXPECT_THAT(text, HasSubstr("teacher right"));
  EXPECT_THAT(text, HasSubstr("plane of fc.weight"));
  EXPECT_THAT(text, HasSubstr("owl"));
}

}  // namespace
}  // namespace retort::inspect
