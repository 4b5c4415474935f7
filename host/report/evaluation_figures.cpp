#include "evaluation_figures.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "line_chart.hpp"
#include "markup.hpp"
#include "pieces.hpp"
#include "reliability_diagram.hpp"

namespace retort::report {
namespace {

constexpr const char* kSplit = "test";
constexpr int kStudentColor = 0;
constexpr int kTeacherColor = 1;

struct Measure {
  const char* key;
  const char* name;
  const char* unit;
};

constexpr Measure kOfModels[] = {
    {"expected_calibration_error", "Expected calibration error", "ECE, 15 bins"},
    {"entropy", "Entropy of the predictions", "nats"},
    {"top_logit_difference", "Top-logit difference", "true class's logit − largest other one"},
    {"logit_norm", "Norm of the logits", "Euclidean norm, mean"},
    {"penultimate_norm", "Norm of the penultimate layer", "Euclidean norm, mean"},
};

std::optional<double> last_of(const Series& series) {
  for (auto point = series.points.rbegin(); point != series.points.rend(); ++point) {
    if (std::isfinite(point->y)) return point->y;
  }
  return std::nullopt;
}

// Where result.json keeps what metrics.jsonl calls by one name.
std::optional<double> in_result(const Json& result, const std::string& name) {
  if (name == "accuracy.top1") return number_at(result, "top1");
  if (name == "accuracy.top5") return number_at(result, "top5");
  if (name == "teacher_agreement") return number_at(result, "teacher_agreement");
  if (name.starts_with("teacher.")) return number_at(at(result, "teacher_measures"), name.c_str() + 8);
  if (const auto value = number_at(at(result, "measures"), name.c_str())) return value;
  return number_at(at(result, "comparison"), name.c_str());
}

Series measured(const StageHistory& history, const std::string& key, const std::string& name, int color) {
  Series series = history.over_steps(kSplit, key, name);
  series.color = color;
  return series;
}

std::string chart(const std::string& title, const std::string& unit, const std::vector<Series>& series,
                  const std::string& note = "") {
  if (!has_line(series)) return "";
  return figure(title, draw(LineChart{.title = title, .y = unit, .series = series, .scale = ScaleKind::Linear}), note);
}

Series in_percent(Series series) {
  for (Point& point : series.points) point.y *= 100.0;
  return series;
}

// Right where both are, or wrong where the teacher is right: together, what the teacher knows.
Series teacher_line(const StageHistory& history) {
  Series right = measured(history, "both_right", "teacher", kTeacherColor);
  const Series lost = history.over_steps(kSplit, "student_wrong_teacher_right", "");
  if (lost.points.size() != right.points.size()) return {.name = "teacher"};
  for (std::size_t i = 0; i < right.points.size(); ++i) right.points[i].y += lost.points[i].y;
  return right;
}

std::string outcome_cell(double share) {
  // No darker than text can be read on.
  const std::string style = fmt::format("--share: {:.0f}%", 45.0 * std::clamp(share, 0.0, 1.0));
  return element("td", {{"style", style}}, element("strong", {}, percent(share)));
}

std::string outcomes(const StageData& stage) {
  const auto both = last_measure(stage, "both_right");
  const auto student = last_measure(stage, "student_right_teacher_wrong");
  const auto teacher = last_measure(stage, "student_wrong_teacher_right");
  const auto none = last_measure(stage, "both_wrong");
  if (!both || !student || !teacher || !none) return "";
  const auto head = [](const char* scope, const char* text) { return element("th", {{"scope", scope}}, text); };
  const std::string rows =
      element("tr", {}, "<td></td>" + head("col", "teacher right") + head("col", "teacher wrong")) +
      element("tr", {}, head("row", "student right") + outcome_cell(*both) + outcome_cell(*student)) +
      element("tr", {}, head("row", "student wrong") + outcome_cell(*teacher) + outcome_cell(*none));
  return figure("Who is right, at the last evaluation",
                element("table", {{"class", "outcomes"}}, element("tbody", {}, rows)),
                "Shares of the test samples (Kim et al., 2021).");
}

std::vector<ReliabilityBin> bins_of(const Json& list) {
  std::vector<ReliabilityBin> bins;
  if (!list.is_array()) return bins;
  for (const Json& bin : list) {
    const auto number = [&](const char* key) { return number_at(bin, key).value_or(0.0); };
    bins.push_back({number("lower"), number("upper"), number("samples"), number("confidence"), number("accuracy")});
  }
  return bins;
}

std::string reliability(const StageData& stage) {
  const std::string title = "Reliability diagram, at the last evaluation";
  return figure(title,
                draw_reliability(title, {{"student", bins_of(at(stage.calibration, "student"))},
                                         {"teacher", bins_of(at(stage.calibration, "teacher"))}}),
                "Bars: the share that is right of the samples with such a confidence; across them their mean "
                "confidence, which lies on the diagonal when the model is as sure as it is right (Guo et al., 2017). "
                "Below: how many samples.");
}

std::string outcome_lines(const StageHistory& history) {
  std::vector<Series> series;
  int color = 2;
  for (const auto& [key, name] :
       {std::pair("student_right_teacher_wrong", "only student right"),
        std::pair("student_wrong_teacher_right", "only teacher right"), std::pair("both_wrong", "both wrong")}) {
    series.push_back(in_percent(measured(history, key, name, color++)));
  }
  return chart("Where student and teacher err", "% of the test samples", series);
}

}  // namespace

std::optional<double> last_measure(const StageData& stage, const std::string& name) {
  if (const auto value = last_of(stage.history.over_steps(kSplit, name, ""))) return value;
  return in_result(stage.result, name);
}

std::optional<double> teacher_accuracy(const StageData& stage) {
  if (const auto value = number_at(stage.result, "teacher_top1")) return value;
  return last_of(teacher_line(stage.history));
}

std::string last_evaluation(const StageData& stage) {
  if (!last_measure(stage, "accuracy.top1")) return "";
  Table rows{.heads = {"on the test split", "student"}};
  const auto text = [](std::optional<double> value, bool ratio) {
    return !value ? std::string("–") : ratio ? percent(*value) : number_text(*value);
  };
  const auto teacher_top1 = teacher_accuracy(stage);
  if (teacher_top1) rows.heads.emplace_back("teacher");
  const auto add = [&](const std::string& name, std::optional<double> student, std::optional<double> teacher,
                       bool ratio) {
    if (!student && !teacher) return;
    rows.rows.push_back({name, text(student, ratio)});
    if (teacher_top1) rows.rows.back().push_back(text(teacher, ratio));
  };
  add("Accuracy, top-1", last_measure(stage, "accuracy.top1"), teacher_top1, true);
  add("Accuracy, top-1, best evaluation", number_at(stage.result, "best_top1"), std::nullopt, true);
  add("Accuracy, top-5", last_measure(stage, "accuracy.top5"), std::nullopt, true);
  add("Agreement with the teacher", last_measure(stage, "teacher_agreement"), std::nullopt, true);
  add("Cross-entropy", last_measure(stage, "loss"), std::nullopt, false);
  for (const auto& [key, name, unit] : kOfModels) {
    add(name, last_measure(stage, key), last_measure(stage, std::string("teacher.") + key), false);
  }
  add("Distance of the logits from the teacher's", last_measure(stage, "logit_distance"), std::nullopt, false);
  return table(rows);
}

std::vector<std::string> accuracy_figures(const StageHistory& history) {
  std::vector<std::string> figures;
  std::vector<Series> lines{measured(history, "accuracy.top1", "test", kStudentColor), teacher_line(history),
                            history.over_steps("train", "accuracy.top1", "train"),
                            history.over_steps(kSplit, "teacher_agreement", "agreement")};
  for (Series& series : lines) series = in_percent(series);
  lines[2].color = 2;
  lines[3].color = 3;
  for (std::string one :
       {chart("Accuracy", "top-1, %", lines,
              "Of the student on the training split (with its augmentation) and on the test split; of the teacher on "
              "the test split; and how often the two choose the same class there."),
        chart("Cross-entropy on the test split", "nats", {measured(history, "loss", "", kStudentColor)})}) {
    if (!one.empty()) figures.push_back(std::move(one));
  }
  return figures;
}

std::vector<std::string> comparison_figures(const StageData& stage) {
  std::vector<std::string> figures{outcomes(stage), reliability(stage), outcome_lines(stage.history),
                                   chart("Distance of the logits from the teacher's", "Euclidean norm, mean",
                                         {measured(stage.history, "logit_distance", "", kStudentColor)})};
  for (const auto& [key, name, unit] : kOfModels) {
    figures.push_back(chart(name, unit,
                            {measured(stage.history, key, "student", kStudentColor),
                             measured(stage.history, std::string("teacher.") + key, "teacher", kTeacherColor)}));
  }
  std::erase(figures, "");
  return figures;
}

}  // namespace retort::report
