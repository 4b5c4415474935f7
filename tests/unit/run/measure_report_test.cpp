#include "run/measure_report.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "metrics/catalogue.hpp"

namespace retort::run {
namespace {

using metrics::Metric;

engine::Evaluation sample() {
  return {.measures = {.calibration_error = 0.1, .entropy = 0.2, .top_logit_difference = 3, .logit_norm = 4},
          .comparison = engine::TeacherComparison{.logit_distance = 5,
                                                  .both_right = 0.5,
                                                  .student_right_teacher_wrong = 0.125,
                                                  .student_wrong_teacher_right = 0.25,
                                                  .both_wrong = 0.125}};
}

TEST(MeasureReport, EveryMeasureHasItsSeries) {
  const engine::Evaluation student = sample();
  engine::Evaluation teacher{
      .measures = {.calibration_error = 0.6, .entropy = 0.7, .logit_norm = 9, .penultimate_norm = 8}};
  std::map<std::string, metrics::SeriesValue> series;
  for (const auto& value : measure_report("test", student, &teacher)) {
    EXPECT_TRUE(series.emplace(value.name, value).second) << value.name << " appears twice";
    // The stage's label comes first.
    EXPECT_EQ(metrics::spec(value.metric).labels.size(), value.labels.size() + 1) << value.name;
  }
  const auto expect = [&](const std::string& name, Metric metric, std::vector<std::string> labels, double value) {
    ASSERT_TRUE(series.contains(name)) << name;
    EXPECT_EQ(series.at(name).metric, metric) << name;
    EXPECT_EQ(series.at(name).labels, labels) << name;
    EXPECT_EQ(series.at(name).value, value) << name;
    series.erase(name);
  };
  expect("expected_calibration_error", Metric::ExpectedCalibrationError, {"test", "student"}, 0.1);
  expect("entropy", Metric::PredictiveEntropy, {"test", "student"}, 0.2);
  expect("top_logit_difference", Metric::TopLogitDifference, {"test", "student"}, 3);
  expect("logit_norm", Metric::LogitNorm, {"test", "student"}, 4);
  expect("teacher.expected_calibration_error", Metric::ExpectedCalibrationError, {"test", "teacher"}, 0.6);
  expect("teacher.entropy", Metric::PredictiveEntropy, {"test", "teacher"}, 0.7);
  expect("teacher.logit_norm", Metric::LogitNorm, {"test", "teacher"}, 9);
  expect("teacher.penultimate_norm", Metric::PenultimateNorm, {"test", "teacher"}, 8);
  expect("logit_distance", Metric::LogitDistance, {"test"}, 5);
  expect("both_right", Metric::OutcomeRatio, {"test", "right", "right"}, 0.5);
  expect("student_right_teacher_wrong", Metric::OutcomeRatio, {"test", "right", "wrong"}, 0.125);
  expect("student_wrong_teacher_right", Metric::OutcomeRatio, {"test", "wrong", "right"}, 0.25);
  expect("both_wrong", Metric::OutcomeRatio, {"test", "wrong", "wrong"}, 0.125);
  EXPECT_TRUE(series.empty()) << series.begin()->first;
}

TEST(MeasureReport, JsonIsReadBack) {
  const engine::Evaluation student = sample();
  const auto measures = to_json(student.measures);
  EXPECT_TRUE(measures["penultimate_norm"].is_null());
  EXPECT_EQ(to_json(read_measures(nlohmann::json::parse(measures.dump()))), measures);
  const auto comparison = to_json(*student.comparison);
  EXPECT_EQ(comparison["student_right_teacher_wrong"], 0.125);
  EXPECT_EQ(to_json(read_comparison(nlohmann::json::parse(comparison.dump()))), comparison);
}

}  // namespace
}  // namespace retort::run
