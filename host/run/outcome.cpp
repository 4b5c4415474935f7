#include "outcome.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include <retort/error.hpp>

#include "measure_report.hpp"

namespace retort::run {
namespace {

nlohmann::ordered_json optional_json(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

nlohmann::ordered_json counts_json(const cache::LogitCache::Counts& counts) {
  return {{"hits", counts.hits}, {"misses", counts.misses}, {"spared", counts.spared()}};
}

cache::LogitCache::Counts read_counts(const nlohmann::json& json) {
  return {json.at("hits").get<std::int64_t>(), json.at("misses").get<std::int64_t>()};
}

template <class Measures>
nlohmann::ordered_json optional_object(const std::optional<Measures>& measures) {
  return measures ? to_json(*measures) : nlohmann::ordered_json();
}

// `read` on the object at `name`, when it is there.
template <class Read>
auto read_object(const nlohmann::json& json, const char* name, Read read) -> std::optional<decltype(read(json))> {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return read(*found);
}

std::optional<double> read_optional(const nlohmann::json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

}  // namespace

nlohmann::ordered_json to_json(const StageOutcome& outcome) {
  return {{"stage", outcome.stage},
          {"student", outcome.student},
          {"top1", outcome.top1},
          {"top5", outcome.top5},
          {"best_top1", outcome.best_top1},
          {"teacher_agreement", optional_json(outcome.agreement)},
          {"teacher_top1", optional_json(outcome.teacher_top1)},
          {"teacher_hash", outcome.teacher_hash},
          {"steps", outcome.steps},
          {"seconds", outcome.seconds},
          {"measures", optional_object(outcome.measures)},
          {"teacher_measures", optional_object(outcome.teacher_measures)},
          {"comparison", optional_object(outcome.comparison)},
          {"logit_cache", outcome.logit_cache ? counts_json(*outcome.logit_cache) : nlohmann::ordered_json()}};
}

nlohmann::ordered_json to_json(const RunOutcome& outcome) {
  nlohmann::ordered_json stages = nlohmann::ordered_json::array();
  for (const StageOutcome& stage : outcome.stages) stages.push_back(to_json(stage));
  nlohmann::ordered_json published;
  if (outcome.published) published = {{"top1", outcome.published->top1}, {"source", outcome.published->source}};
  return {{"state", outcome.state},
          {"directory", outcome.directory.string()},
          {"stages", std::move(stages)},
          {"published", std::move(published)}};
}

StageOutcome read_outcome(const std::filesystem::path& file) {
  try {
    std::ifstream stream(file);
    const auto json = nlohmann::json::parse(stream);
    return {.stage = json.at("stage").get<std::string>(),
            .student = json.at("student").get<std::string>(),
            .top1 = json.at("top1").get<double>(),
            .top5 = json.at("top5").get<double>(),
            .best_top1 = json.at("best_top1").get<double>(),
            .agreement = read_optional(json.at("teacher_agreement")),
            .teacher_top1 = read_optional(json.at("teacher_top1")),
            .teacher_hash = json.at("teacher_hash").get<std::string>(),
            .steps = json.at("steps").get<std::int64_t>(),
            .seconds = json.at("seconds").get<double>(),
            .measures = read_object(json, "measures", read_measures),
            .teacher_measures = read_object(json, "teacher_measures", read_measures),
            .comparison = read_object(json, "comparison", read_comparison),
            .logit_cache = read_object(json, "logit_cache", read_counts)};
  } catch (const nlohmann::json::exception& error) {
    throw Error(file.string() + " is not the result of a stage: " + error.what());
  }
}

}  // namespace retort::run
