#include <cmath>

#include <fmt/format.h>

#include "classes.hpp"
#include "inspection_report.hpp"

namespace retort::inspect {
namespace {

std::string percent(double ratio) {
  return fmt::format("{:.2f}%", 100.0 * ratio);
}

void add_model(std::string& text, const char* role, const ModelInspection& model) {
  text += fmt::format("{}: {}, {} right, cross-entropy {:.4f}, expected calibration error {:.4f}\n", role, model.model,
                      percent(model.top1), model.loss, model.calibration_error);
}

void add_row(std::string& text, const std::string& name, const std::optional<Distribution>& distribution) {
  if (!distribution) return;
  text += fmt::format("{:<30}{:>10.4g}{:>10.4g}", name, distribution->mean, distribution->deviation);
  for (const double quantile : distribution->quantiles) text += fmt::format("{:>10.4g}", quantile);
  text += "\n";
}

void add_rows(std::string& text, const std::string& role, const ModelInspection& model) {
  add_row(text, role + " entropy (nats)", model.entropy);
  add_row(text, role + " top-logit difference", model.top_logit_difference);
  add_row(text, role + " logit norm", model.logit_norm);
  add_row(text, role + " penultimate norm", model.penultimate_norm);
}

void add_distributions(std::string& text, const Inspection& inspection) {
  text += fmt::format("\n{:<30}{:>10}{:>10}", "", "mean", "deviation");
  for (const double q : kQuantiles) {
    text += fmt::format("{:>10}", q == 0.0 ? "least" : q == 1.0 ? "largest" : fmt::format("{:g}%", 100.0 * q));
  }
  text += "\n";
  add_rows(text, "student", inspection.student);
  if (inspection.teacher) add_rows(text, "teacher", *inspection.teacher);
  if (inspection.pair) add_row(text, "distance of the logits", inspection.pair->logit_distance);
}

void add_outcomes(std::string& text, const PairInspection& pair) {
  const engine::TeacherComparison& shares = pair.comparison;
  text += fmt::format("\nStudent and teacher name the same class for {} of the samples.\n", percent(pair.agreement));
  text += fmt::format("{:<30}{:>16}{:>16}\n", "", "teacher right", "teacher wrong");
  text += fmt::format("{:<30}{:>16}{:>16}\n", "student right", percent(shares.both_right),
                      percent(shares.student_right_teacher_wrong));
  text += fmt::format("{:<30}{:>16}{:>16}\n", "student wrong", percent(shares.student_wrong_teacher_right),
                      percent(shares.both_wrong));
}

void add_reliability(std::string& text, const Inspection& inspection) {
  text += fmt::format("\n{:<16}{:>38}", "confidence", "student: samples  confidence  accuracy");
  if (inspection.teacher) text += fmt::format("{:>40}", "teacher: samples  confidence  accuracy");
  text += "\n";
  const auto cells = [](const engine::CalibrationBin& bin) {
    if (bin.samples == 0) return fmt::format("{:>16}{:>12}{:>10}", 0, "", "");
    return fmt::format("{:>16}{:>12.4f}{:>10.4f}", bin.samples, bin.confidence, bin.accuracy);
  };
  for (std::size_t i = 0; i < inspection.student.calibration.size(); ++i) {
    const engine::CalibrationBin& bin = inspection.student.calibration[i];
    if (bin.samples == 0 && !(inspection.teacher && inspection.teacher->calibration[i].samples > 0)) continue;
    std::string line = fmt::format("{:<16}", fmt::format("{:.3f} – {:.3f}", bin.lower, bin.upper)) + cells(bin);
    if (inspection.teacher) line += "  " + cells(inspection.teacher->calibration[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
}

// Where a class's samples lie: how many, their mean, and the root of their mean squared distance from it.
struct Cluster {
  std::int64_t samples = 0;
  double x = 0.0, y = 0.0, spread = 0.0;
};

Cluster cluster(const PlaneView& view, std::int64_t label) {
  Cluster found;
  double squares = 0.0;
  for (const PlaneView::Point& point : view.points) {
    if (point.label != label) continue;
    ++found.samples;
    found.x += point.x;
    found.y += point.y;
    squares += point.x * point.x + point.y * point.y;
  }
  if (found.samples == 0) return found;
  const auto count = static_cast<double>(found.samples);
  found.x /= count;
  found.y /= count;
  found.spread = std::sqrt(std::max(0.0, squares / count - found.x * found.x - found.y * found.y));
  return found;
}

std::string place(double x, double y) {
  // What is 0 up to rounding, the second coordinate of the second template, reads so.
  const auto rounded = [](double value) { return std::abs(value) < 1e-9 ? 0.0 : value; };
  return fmt::format("{:.4g}, {:.4g}", rounded(x), rounded(y));
}

void add_plane(std::string& text, const char* role, const std::optional<PlaneView>& view, const DatasetInfo& data) {
  if (!view) return;
  text += fmt::format("\n{:<30}{:>10}{:>20}{:>20}{:>10}\n", fmt::format("{}: plane of {}", role, view->parameter),
                      "samples", "template", "mean", "spread");
  for (const PlaneView::Point& corner : view->templates) {
    const Cluster found = cluster(*view, corner.label);
    text += fmt::format("  {:<28}{:>10}{:>20}{:>20}{:>10.4g}\n", class_name(data, corner.label), found.samples,
                        place(corner.x, corner.y), place(found.x, found.y), found.spread);
  }
}

}  // namespace

std::string to_text(const Inspection& inspection, const DatasetInfo& data) {
  std::string text = fmt::format("{}, stage {}, {} split: {} samples\n", inspection.run, inspection.stage,
                                 inspection.split, inspection.student.samples);
  add_model(text, "student", inspection.student);
  if (inspection.teacher) add_model(text, "teacher", *inspection.teacher);
  add_distributions(text, inspection);
  if (inspection.pair) add_outcomes(text, *inspection.pair);
  add_reliability(text, inspection);
  add_plane(text, "student", inspection.student.plane, data);
  if (inspection.teacher) add_plane(text, "teacher", inspection.teacher->plane, data);
  return text;
}

}  // namespace retort::inspect
