#include "measure_report.hpp"

#include <array>

#include <nlohmann/json.hpp>

namespace retort::run {
namespace {

using metrics::Metric;
using metrics::SeriesValue;

// In the order of ModelMeasures::for_each().
constexpr std::array kModelMetrics = {Metric::ExpectedCalibrationError, Metric::PredictiveEntropy,
                                      Metric::TopLogitDifference, Metric::LogitNorm, Metric::PenultimateNorm};

void add_model(std::vector<SeriesValue>& series, const std::string& split, const std::string& model,
               const engine::ModelMeasures& measures) {
  const std::string prefix = model == "student" ? "" : model + ".";
  std::size_t next = 0;
  engine::ModelMeasures::for_each(measures, [&](const char* name, const std::optional<double>& value) {
    const Metric metric = kModelMetrics.at(next++);
    if (value) series.push_back({metric, {split, model}, prefix + name, *value});
  });
}

void add_comparison(std::vector<SeriesValue>& series, const std::string& split,
                    const engine::TeacherComparison& comparison) {
  const auto outcome = [&](const char* student, const char* teacher, const char* name, double share) {
    series.push_back({Metric::OutcomeRatio, {split, student, teacher}, name, share});
  };
  series.push_back({Metric::LogitDistance, {split}, "logit_distance", comparison.logit_distance});
  outcome("right", "right", "both_right", comparison.both_right);
  outcome("right", "wrong", "student_right_teacher_wrong", comparison.student_right_teacher_wrong);
  outcome("wrong", "right", "student_wrong_teacher_right", comparison.student_wrong_teacher_right);
  outcome("wrong", "wrong", "both_wrong", comparison.both_wrong);
}

template <class Measures>
nlohmann::ordered_json object(const Measures& measures) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  Measures::for_each(measures, [&](const char* name, const std::optional<double>& value) {
    json[name] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
  });
  return json;
}

void read(const nlohmann::json& json, double& value) {
  value = json.get<double>();
}

void read(const nlohmann::json& json, std::optional<double>& value) {
  if (!json.is_null()) value = json.get<double>();
}

template <class Measures>
Measures measures_of(const nlohmann::json& json) {
  Measures measures;
  Measures::for_each(measures, [&](const char* name, auto& value) { read(json.at(name), value); });
  return measures;
}

}  // namespace

std::vector<SeriesValue> measure_report(const std::string& split, const engine::Evaluation& student,
                                        const engine::Evaluation* teacher) {
  std::vector<SeriesValue> series;
  add_model(series, split, "student", student.measures);
  if (teacher) add_model(series, split, "teacher", teacher->measures);
  if (student.comparison) add_comparison(series, split, *student.comparison);
  return series;
}

nlohmann::ordered_json to_json(const engine::ModelMeasures& measures) {
  return object(measures);
}

nlohmann::ordered_json to_json(const engine::TeacherComparison& comparison) {
  return object(comparison);
}

nlohmann::ordered_json to_json(const std::vector<engine::CalibrationBin>& bins) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& [lower, upper, samples, confidence, accuracy] : bins) {
    json.push_back(
        {{"lower", lower}, {"upper", upper}, {"samples", samples}, {"confidence", confidence}, {"accuracy", accuracy}});
  }
  return json;
}

engine::ModelMeasures read_measures(const nlohmann::json& json) {
  return measures_of<engine::ModelMeasures>(json);
}

engine::TeacherComparison read_comparison(const nlohmann::json& json) {
  return measures_of<engine::TeacherComparison>(json);
}

}  // namespace retort::run
