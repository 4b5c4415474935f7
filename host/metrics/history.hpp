#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "metrics/descriptor.hpp"
#include "metrics/report.hpp"

namespace retort::metrics {

// One line of metrics.jsonl:
//   {"time":1.7e9,"stage":"main","split":"train","step":100,"epoch":1,"values":{"loss":0.5,"loss.soft":null},
//    "nonfinite":["loss.soft"]}
// JSON has no NaN: a value that is not finite is null, and its name is in "nonfinite", which is left out when empty.
struct HistoryRecord {
  double time = 0.0;  // Unix seconds
  std::string stage;
  std::string split;
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  std::vector<NamedValue> values;  // one that is not finite is read back as NaN
};

// The names are: loss, loss.<term>, weight.<term>, accuracy.top<k>, teacher_agreement, learning_rate, gradient_norm,
// images_per_second, skipped_steps, <component>.<name> for what components report, and those of diagnoses and of the
// measures of an evaluation, which say theirs themselves; what they measure of a teacher begins with "teacher.".
HistoryRecord history_record(const std::string& stage, const StepReport& report);
HistoryRecord history_record(const std::string& stage, const EvaluationReport& report);

// The place in a run that a checkpoint holds: `step` steps of `stage` are done.
struct HistoryPoint {
  std::string stage;
  std::int64_t step = 0;
};

// Appends to metrics.jsonl, one write() a line. Every function throws std::system_error, whose what() names the path.
class HistoryWriter {
 public:
  // Begins a new file; one that exists is an error.
  explicit HistoryWriter(std::filesystem::path path);
  // Continues a file from a checkpoint: lines written after it (steps of its stage beyond its step, and stages that
  // began later) and a torn last line are cut off. A file that is missing begins anew. Throws std::runtime_error naming
  // path and line for a line before the cut that is no record.
  HistoryWriter(std::filesystem::path path, const HistoryPoint& resume_from);

  // After a failure (a full disk) the file ends with the last whole line.
  void append(const HistoryRecord& record);
  // Returns when what was appended is on the disk.
  void sync() const;

 private:
  const std::filesystem::path path_;
  const Descriptor file_;
};

// All records of the file, without a last line that lacks its line break. Throws std::system_error when it cannot be
// read, std::runtime_error naming path and line for a line that is no record.
std::vector<HistoryRecord> read_history(const std::filesystem::path& path);

}  // namespace retort::metrics
