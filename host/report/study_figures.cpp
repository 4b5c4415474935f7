#include "study_figures.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "dot_chart.hpp"
#include "line_chart.hpp"
#include "pieces.hpp"
#include "study/statistics.hpp"

namespace retort::report {
namespace {

constexpr std::size_t kGroupsWithBands = 5;  // in one chart; more of them hide each other

// A value of metrics.jsonl that is followed over the epochs.
struct Curve {
  const char* split;
  const char* key;
  const char* title;
  const char* unit;
  double factor;
};

constexpr Curve kCurves[] = {
    {"test", "accuracy.top1", "Accuracy on the test split", "top-1, %", 100.0},
    {"train", "accuracy.top1", "Accuracy on the training split", "top-1, %", 100.0},
    {"test", "teacher_agreement", "Agreement with the teacher", "%", 100.0},
    {"test", "loss", "Cross-entropy on the test split", "nats", 1.0},
    {"train", "loss", "Objective on the training split", "each group's own objective", 1.0},
    {"test", "expected_calibration_error", "Expected calibration error", "ECE, 15 bins", 1.0},
};

std::vector<Series> curves_of(const StudyData& study, const std::vector<std::string>& groups, const Curve& curve) {
  std::vector<Series> means;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::vector<Series> seeds;
    for (const StudyData::Member& member : study.members) {
      if (member.run->group != groups[i] || member.run->state != "finished") continue;
      Series line = member.history.over_epochs(curve.split, curve.key, "");
      for (Point& point : line.points) point.y *= curve.factor;
      if (!line.points.empty()) seeds.push_back(std::move(line));
    }
    means.push_back(mean_of(seeds, groups[i]));
    means.back().color = static_cast<int>(i);
  }
  return means;
}

std::vector<std::string> multiples(const std::vector<Series>& means, const Curve& curve) {
  std::vector<std::string> figures;
  for (const Series& mean : means) {
    if (!has_points(mean)) continue;
    Series alone = mean;
    alone.name.clear();
    figures.push_back(figure(mean.name, draw(LineChart{.title = std::string(curve.title) + ", " + mean.name,
                                                       .x = "epoch",
                                                       .y = curve.unit,
                                                       .series = {alone},
                                                       .background = means,
                                                       .scale = ScaleKind::Linear,
                                                       .width = 340.0,
                                                       .height = 210.0})));
  }
  return figures;
}

}  // namespace

Series mean_of(const std::vector<Series>& lines, const std::string& name) {
  std::map<double, std::vector<double>> values;
  for (const Series& line : lines) {
    for (const Point& point : line.points) {
      if (std::isfinite(point.y)) values[point.x].push_back(point.y);
    }
  }
  Series mean{.name = name};
  for (const auto& [x, all] : values) {
    if (all.size() != lines.size()) continue;
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    mean.points.push_back({x, study::moments(all).mean});
    if (all.size() > 1) mean.band.push_back({x, *low, *high});
  }
  return mean;
}

std::string comparison_figure(const StudyData& study) {
  if (!study.comparison) return "";
  const study::Comparison& comparison = *study.comparison;
  const double factor = comparison.is_ratio() ? 100.0 : 1.0;
  const std::string title = "Results of the groups";
  DotChart chart{.title = title, .x = comparison.metric + (comparison.is_ratio() ? ", %" : "")};
  chart.mark_name = "published";
  bool published = false;
  for (const study::ComparedGroup& group : comparison.groups) {
    DotGroup row{.name = group.name, .mean = factor * group.moments.mean};
    std::vector<double> values;
    for (const auto& [seed, value] : group.values) {
      row.values.push_back({fmt::format("seed {}", seed), factor * value});
      values.push_back(factor * value);
    }
    // The interval of a mean is that of the mean of differences from 0.
    const study::PairedDifference from_zero = study::paired_difference(values);
    row.low = from_zero.low;
    row.high = from_zero.high;
    if (group.published) row.mark = factor * group.published->top1;
    published = published || row.mark.has_value();
    if (group.name == comparison.baseline) chart.reference = row.mean;
    chart.groups.push_back(std::move(row));
  }
  std::string note =
      "Dots: seeds. Bar: their mean, with its 95% interval (Student's t); an arrow says that the interval goes on. "
      "Dashed: the mean of the baseline.";
  if (published) note += " Triangle: published.";
  return figure(title, draw(chart), note, true);
}

GroupCurves group_curves(const StudyData& study) {
  GroupCurves curves;
  const std::vector<std::string> groups = study.groups();
  for (const Curve& curve : kCurves) {
    std::vector<Series> means = curves_of(study, groups, curve);
    if (!has_line(means)) continue;
    const bool many = groups.size() > kGroupsWithBands;
    if (many && curves.small_multiples.empty()) curves.small_multiples = multiples(means, curve);
    if (many) {
      for (Series& series : means) series.band.clear();
    }
    const bool loss = std::string(curve.key) == "loss";
    curves.figures.push_back(
        figure(curve.title, draw(LineChart{.title = curve.title,
                                           .x = "epoch",
                                           .y = curve.unit,
                                           .series = means,
                                           .scale = loss ? std::nullopt : std::optional(ScaleKind::Linear)})));
  }
  return curves;
}

}  // namespace retort::report
