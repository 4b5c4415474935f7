#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cache/logit_cache.hpp"
#include "config/published.hpp"
#include "engine/measures.hpp"

namespace retort::run {

// What a stage came to. Accuracies are ratios on the test split.
struct StageOutcome {
  std::string stage;
  std::string student;  // the model's name
  double top1 = 0.0;    // at the end
  double top5 = 0.0;
  double best_top1 = 0.0;
  std::optional<double> agreement;     // with the teacher
  std::optional<double> teacher_top1;  // none without a teacher
  std::string teacher_hash;            // SHA-256 of the teacher's parameters and buffers; "" without a teacher
  std::int64_t steps = 0;
  double seconds = 0.0;  // of training and evaluation, all sittings together
  // Of the last evaluation; none in what an earlier version wrote.
  std::optional<engine::ModelMeasures> measures;          // of the student
  std::optional<engine::ModelMeasures> teacher_measures;  // none without a teacher
  std::optional<engine::TeacherComparison> comparison;    // none without a teacher
  std::optional<cache::LogitCache::Counts> logit_cache;   // of the last sitting; none without a cache
};

struct RunOutcome {
  std::string state;  // "finished", "stopped" (resumable), "failed"
  std::filesystem::path directory;
  std::vector<StageOutcome> stages;  // those that are done
  std::optional<config::PublishedResult> published;
};

nlohmann::ordered_json to_json(const StageOutcome& outcome);
nlohmann::ordered_json to_json(const RunOutcome& outcome);

// Reads what to_json() wrote. Throws Error naming the file when it is not that.
StageOutcome read_outcome(const std::filesystem::path& file);

}  // namespace retort::run
