#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metrics/catalogue.hpp"

namespace retort::metrics {

// The phases of a training step, in the order in which they run.
enum class Phase { Data, Teacher, Student, Loss, Backward, Optimizer };
inline constexpr std::array<const char*, 6> kPhaseNames = {"data", "teacher",  "student",
                                                           "loss", "backward", "optimizer"};

struct NamedValue {
  std::string name;
  double value = 0.0;
};

// How well a model does on a split.
struct Scores {
  double loss = 0.0;                        // the objective
  std::vector<NamedValue> terms;            // unweighted, by the term's name
  std::map<int, double> accuracy;           // by k of top-k, 0 to 1; empty where the task has none
  std::optional<double> teacher_agreement;  // 0 to 1
};

// Seconds that one step took. A phase that was not measured (a captured graph has none) is left out.
struct StepTiming {
  double seconds = 0.0;
  std::array<std::optional<double>, kPhaseNames.size()> phases;

  std::optional<double>& operator[](Phase phase) { return phases[static_cast<std::size_t>(phase)]; }
};

// What a component measured: `component` is its place in the experiment, "loss.soft".
struct ComponentValue {
  std::string component;
  std::string name;
  double value = 0.0;
};

// A parameter of a term's loss that is on a schedule.
struct TermParameter {
  std::string term;
  std::string parameter;
  double value = 0.0;
};

// A value that is measured now and then, with its series and its name in metrics.jsonl.
struct SeriesValue {
  Metric metric = Metric::GradientCosine;  // a gauge
  std::vector<std::string> labels;         // behind that of the stage
  std::string name;
  double value = 0.0;
};

// Samples whose teacher logits came from the cache, and those that the teacher computed.
struct CacheUse {
  std::int64_t hits = 0;
  std::int64_t misses = 0;
};

// A stage's training since its last report: the engine makes one every few steps, when it reads the device's values.
struct StepReport {
  double time = 0.0;                      // Unix seconds
  std::int64_t step = 0;                  // steps of the stage that are done
  std::int64_t epoch = 0;                 // the epoch that they reached, from 1
  double epoch_done = 0.0;                // share of that epoch, 0 to 1
  std::int64_t samples = 0;               // since the last report
  std::vector<StepTiming> steps;          // one entry for each step since the last report
  Scores scores;                          // of these steps, on the training split
  std::vector<NamedValue> weights;        // of the terms, at the last step
  std::vector<TermParameter> parameters;  // those on a schedule, at the last step
  double learning_rate = 0.0;
  std::optional<double> gradient_norm;
  std::int64_t nonfinite_losses = 0;  // steps since the last report whose objective was not finite
  std::int64_t skipped_steps = 0;     // those of them that were left out for it
  std::vector<ComponentValue> component_values;
  std::optional<double> eta_seconds;     // until the stage has trained
  std::optional<CacheUse> logit_cache;   // since the last report; none without a cache
  std::vector<SeriesValue> diagnostics;  // of the last step, when it was diagnosed

  // Samples a second over the report's steps; 0 when they took no time.
  double images_per_second() const;
};

// An evaluation of a stage's student after `step` steps.
struct EvaluationReport {
  double time = 0.0;  // Unix seconds
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  std::string split;  // "test"
  Scores scores;
  std::vector<SeriesValue> measures = {};  // of student and teacher, beyond the scores
};

}  // namespace retort::metrics
