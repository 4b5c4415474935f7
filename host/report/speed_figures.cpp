#include "speed_figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "bar_chart.hpp"
#include "line_chart.hpp"
#include "pieces.hpp"

namespace retort::report {
namespace {

// The samples of a name that belong to the stage.
std::vector<const PrometheusSample*> samples_of(const RunData& run, const std::string& name, const StageData& stage) {
  std::vector<const PrometheusSample*> found;
  for (const PrometheusSample& sample : run.metrics) {
    if (sample.name == name && sample.label("stage") == stage.name) found.push_back(&sample);
  }
  return found;
}

double first_value(const RunData& run, const std::string& name, const StageData& stage) {
  const auto found = samples_of(run, name, stage);
  return found.empty() ? 0.0 : found.front()->value;
}

// What the counters cover.
std::string coverage(const RunData& run) {
  return run.sittings > 1 ? " Of the last sitting." : "";
}

std::string throughput(const StageHistory& history) {
  const std::vector<Series> series{history.over_steps("train", "images_per_second", "")};
  if (!has_line(series)) return "";
  return figure("Throughput", draw(LineChart{.title = "Throughput", .y = "images per second", .series = series}),
                "Of the training steps, evaluation aside.");
}

std::string step_times(const RunData& run, const StageData& stage) {
  std::vector<std::pair<double, double>> buckets;  // upper end, steps up to there
  for (const PrometheusSample* sample : samples_of(run, "retort_step_duration_seconds_bucket", stage)) {
    buckets.emplace_back(std::strtod(sample->label("le").c_str(), nullptr), sample->value);
  }
  std::sort(buckets.begin(), buckets.end());
  BarChart chart{.title = "Time of a step"};
  double low = 0.0;
  double counted = 0.0;
  for (const auto& [high, steps] : buckets) {
    const double here = steps - counted;
    const std::string name =
        std::isfinite(high) ? short_time(low) + " to " + short_time(high) : "over " + short_time(low);
    // From the first bucket that holds a step to the last one.
    if (here > 0.0 || (!chart.bars.empty() && counted < buckets.back().second)) {
      chart.bars.push_back({name, here, fmt::format("{:.0f}", here)});
    }
    counted = steps;
    low = high;
  }
  const double count = first_value(run, "retort_step_duration_seconds_count", stage);
  if (!(count > 0.0)) return "";
  const double mean = first_value(run, "retort_step_duration_seconds_sum", stage) / count;
  return figure(chart.title, draw(chart),
                fmt::format("Steps by how long they took; {} in the mean.", short_time(mean)) + coverage(run));
}

std::string phases(const RunData& run, const StageData& stage) {
  const auto counts = samples_of(run, "retort_phase_duration_seconds_count", stage);
  BarChart chart{.title = "Phases of a step"};
  double whole = 0.0;
  for (const char* phase : metrics::kPhaseNames) {
    for (const PrometheusSample* sum : samples_of(run, "retort_phase_duration_seconds_sum", stage)) {
      if (sum->label("phase") != phase || !(sum->value > 0.0)) continue;
      for (const PrometheusSample* count : counts) {
        if (count->label("phase") != phase || !(count->value > 0.0)) continue;
        chart.bars.push_back({phase, sum->value / count->value, ""});
        whole += chart.bars.back().value;
      }
    }
  }
  for (Bar& bar : chart.bars) bar.text = fmt::format("{}, {:.0f}%", short_time(bar.value), 100.0 * bar.value / whole);
  return figure(chart.title, draw(chart), "Mean time of each, and its share." + coverage(run));
}

}  // namespace

std::vector<std::string> speed_figures(const RunData& run, const StageData& stage) {
  std::vector<std::string> figures{throughput(stage.history), step_times(run, stage), phases(run, stage)};
  std::erase(figures, "");
  return figures;
}

std::string short_time(double seconds) {
  if (!(std::abs(seconds) > 0.0)) return "0";
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", 1e6 * seconds);
  if (seconds < 1.0) return fmt::format("{:.3g} ms", 1e3 * seconds);
  return fmt::format("{:.3g} s", seconds);
}

}  // namespace retort::report
