#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/evaluation.hpp"
#include "metrics/report.hpp"

// What an evaluation measures beyond accuracy: as series of metrics, and as JSON for programs.
namespace retort::run {

// Of the student and, when it was evaluated, its teacher. In metrics.jsonl the teacher's names begin with "teacher.".
std::vector<metrics::SeriesValue> measure_report(const std::string& split, const engine::Evaluation& student,
                                                 const engine::Evaluation* teacher);

// An object of names and numbers; a measure that there is not is null.
nlohmann::ordered_json to_json(const engine::ModelMeasures& measures);
nlohmann::ordered_json to_json(const engine::TeacherComparison& comparison);

// A list of objects, one a bin, as `retort inspect --json` writes them.
nlohmann::ordered_json to_json(const std::vector<engine::CalibrationBin>& bins);

// Read what to_json() wrote. Throw nlohmann::json::exception.
engine::ModelMeasures read_measures(const nlohmann::json& json);
engine::TeacherComparison read_comparison(const nlohmann::json& json);

}  // namespace retort::run
