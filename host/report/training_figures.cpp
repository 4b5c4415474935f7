#include "training_figures.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "line_chart.hpp"
#include "pieces.hpp"

namespace retort::report {
namespace {

constexpr const char* kSplit = "train";
constexpr std::size_t kLinesOfAChart = 10;

// The part of a name behind a prefix; "" when it does not begin like that.
std::string behind(const std::string& name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : "";
}

// The part of a name before a suffix; "" when it does not end like that.
std::string before(const std::string& name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : "";
}

// "loss.hint.student.projector.map" is "hint.student" in a chart.
std::string short_place(const std::string& place) {
  std::string name = place.starts_with("loss.") ? place.substr(5) : place;
  const std::size_t projector = name.find(".projector");
  if (projector != std::string::npos) name.erase(projector, std::string_view(".projector").size());
  return name.ends_with(".map") ? name.substr(0, name.size() - 4) : name;
}

std::string chart_figure(const std::string& title, std::vector<Series> series, const std::string& note = "",
                         const std::string& unit = "", std::optional<ScaleKind> scale = std::nullopt) {
  if (!has_line(series)) return "";
  return figure(title, draw(LineChart{.title = title, .y = unit, .series = std::move(series), .scale = scale}), note);
}

void add(std::vector<std::string>& figures, std::string one) {
  if (!one.empty()) figures.push_back(std::move(one));
}

// One chart of many lines would be read by nobody: each chart takes a few.
void add_charts(std::vector<std::string>& figures, const std::string& title, const std::vector<Series>& series,
                const std::string& note = "", std::optional<ScaleKind> scale = std::nullopt) {
  const std::size_t charts = (series.size() + kLinesOfAChart - 1) / kLinesOfAChart;
  for (std::size_t i = 0; i < charts; ++i) {
    const auto begin = series.begin() + static_cast<std::ptrdiff_t>(i * kLinesOfAChart);
    const auto end = series.begin() + static_cast<std::ptrdiff_t>(std::min((i + 1) * kLinesOfAChart, series.size()));
    const std::string number = charts == 1 ? "" : fmt::format(" ({} of {})", i + 1, charts);
    add(figures, chart_figure(title + number, {begin, end}, note, "", scale));
  }
}

// The series of all values whose names begin with `prefix` and then satisfy `wanted`.
template <class Wanted>
std::vector<Series> all_with(const StageHistory& history, const std::string& prefix, Wanted wanted) {
  std::vector<Series> series;
  for (const std::string& name : history.names(kSplit)) {
    const std::string rest = behind(name, prefix);
    if (!rest.empty() && wanted(rest)) series.push_back(history.over_steps(kSplit, name, rest));
  }
  return series;
}

bool anything(const std::string&) {
  return true;
}

const std::vector<std::string>& projector_endings() {
  static const std::vector<std::string> endings{".singular_value_max", ".singular_value_min", ".effective_rank",
                                                ".correlation.input",  ".correlation.output", ".relation.self",
                                                ".relation.cross",     ".relation.residual"};
  return endings;
}

// Each value that ends like that, named by its projector.
std::vector<Series> all_ending(const StageHistory& history, const std::string& ending) {
  std::vector<Series> series;
  for (const std::string& name : history.names(kSplit)) {
    const std::string place = before(name, ending);
    if (!place.empty()) series.push_back(history.over_steps(kSplit, name, short_place(place)));
  }
  return series;
}

// The places of projectors that have values with such an ending.
std::vector<std::string> places_with(const StageHistory& history, const std::string& ending) {
  std::vector<std::string> places;
  for (const std::string& name : history.names(kSplit)) {
    const std::string place = before(name, ending);
    if (!place.empty()) places.push_back(place);
  }
  return places;
}

}  // namespace

std::vector<std::string> terms_of(const StageHistory& history) {
  std::vector<std::string> terms;
  for (const std::string& name : history.names(kSplit)) {
    const std::string term = behind(name, "weight.");
    if (!term.empty()) terms.push_back(term);
  }
  return terms;
}

std::vector<std::string> objective_figures(const StageHistory& history) {
  const std::vector<std::string> terms = terms_of(history);
  std::vector<std::string> figures;
  add(figures,
      chart_figure("Objective", {history.over_steps(kSplit, "loss", "")},
                   "The weighted sum of the terms on the training split, means since the report before.", "objective"));
  add_charts(
      figures, "Terms",
      all_with(history, "loss.",
               [&](const std::string& rest) { return std::find(terms.begin(), terms.end(), rest) != terms.end(); }),
      "Unweighted, on the training split.");
  add_charts(figures, "Weights of the terms", all_with(history, "weight.", anything), "", ScaleKind::Linear);
  add_charts(figures, "Parameters on a schedule", all_with(history, "parameter.", anything));
  add(figures, chart_figure("Learning rate", {history.over_steps(kSplit, "learning_rate", "")}, "", "learning rate",
                            ScaleKind::Linear));
  add(figures, chart_figure("Skipped steps", {history.over_steps(kSplit, "skipped_steps", "")},
                            "Steps left out because they were not finite, since the report before.", "steps"));
  return figures;
}

std::vector<std::string> gradient_figures(const StageHistory& history) {
  std::vector<std::string> figures;
  std::vector<Series> norms{history.over_steps(kSplit, "gradient_norm", "whole")};
  norms[0].color = 6;
  std::vector<Series> of_terms = all_with(history, "gradient_norm.", anything);
  for (std::size_t i = 0; i < of_terms.size(); ++i) of_terms[i].color = static_cast<int>(i);
  norms.insert(norms.end(), of_terms.begin(), of_terms.end());
  add_charts(
      figures, "Gradient norms", norms,
      "The whole: of all gradients at the last step, before clipping. Of each term, where it was diagnosed: with "
      "respect to the student, before the term's weight.");
  std::vector<Series> cosines = all_with(history, "gradient_cosine.", anything);
  for (Series& series : cosines) {
    const std::size_t dot = series.name.find('.');
    if (dot != std::string::npos) series.name.replace(dot, 1, ", ");
  }
  add_charts(figures, "Cosines between the gradients of terms", cosines,
             "1: two terms pull in the same direction; −1: against each other.", ScaleKind::Linear);
  return figures;
}

std::vector<std::string> projector_figures(const StageHistory& history) {
  std::vector<std::string> figures;
  for (const std::string& place : places_with(history, ".singular_value_max")) {
    add(figures, chart_figure("Singular values: " + short_place(place),
                              {history.over_steps(kSplit, place + ".singular_value_max", "largest"),
                               history.over_steps(kSplit, place + ".singular_value_min", "smallest")}));
  }
  add_charts(figures, "Effective rank of the projectors", all_ending(history, ".effective_rank"),
             "exp of the entropy of the normalised singular values.", ScaleKind::Linear);
  for (const std::string& place : places_with(history, ".correlation.input")) {
    add(figures,
        chart_figure("Correlation of features: " + short_place(place),
                     {history.over_steps(kSplit, place + ".correlation.input", "input"),
                      history.over_steps(kSplit, place + ".correlation.output", "output")},
                     "Mean absolute correlation of two features on one side of the projector.", "", ScaleKind::Linear));
  }
  for (const std::string& place : places_with(history, ".relation.self")) {
    add(figures,
        chart_figure(
            "Relations of features: " + short_place(place),
            {history.over_steps(kSplit, place + ".relation.self", "self"),
             history.over_steps(kSplit, place + ".relation.cross", "cross"),
             history.over_steps(kSplit, place + ".relation.residual", "residual")},
            "Frobenius norms of C_s, C_st and of C_st − C_s W, which the projector's weights follow (Miles and "
            "Mikolajczyk, 2024)."));
  }
  return figures;
}

std::vector<std::string> reported_figures(const StageHistory& history) {
  static const std::set<std::string> own{"loss",          "accuracy.top1", "accuracy.top5",    "learning_rate",
                                         "gradient_norm", "skipped_steps", "images_per_second"};
  const std::vector<std::string> terms = terms_of(history);
  const auto is_own = [&](const std::string& name) {
    if (own.contains(name)) return true;
    for (const char* prefix : {"weight.", "parameter.", "gradient_norm.", "gradient_cosine."}) {
      if (name.starts_with(prefix)) return true;
    }
    const auto& endings = projector_endings();
    return std::any_of(endings.begin(), endings.end(), [&](const auto& ending) { return name.ends_with(ending); }) ||
           std::any_of(terms.begin(), terms.end(), [&](const auto& term) { return name == "loss." + term; });
  };
  std::vector<std::string> figures;
  for (const std::string& name : history.names(kSplit)) {
    if (!is_own(name)) add(figures, chart_figure(name, {history.over_steps(kSplit, name, "")}));
  }
  return figures;
}

}  // namespace retort::report
