#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "json_access.hpp"
#include "prometheus_text.hpp"
#include "run_events.hpp"
#include "stage_history.hpp"

namespace retort::report {

struct StageData {
  std::string name;
  Json result;       // null until the stage is done
  Json calibration;  // an empty object in runs of earlier versions
  Json graph;        // the same
  StageHistory history;
};

// A run as its directory shows it. What an earlier version did not write, or this run has not yet written, is empty.
struct RunData {
  std::filesystem::path directory;
  std::string id;                 // "quickstart/2026-01-31_12-00-00"
  std::string state = "stopped";  // "finished", "running", "stopped", "failed"
  std::string experiment;
  Json environment;
  int sittings = 1;
  std::vector<RunEvent> events;
  std::vector<PrometheusSample> metrics;  // of the last sitting, at its end
  std::vector<StageData> stages;
  std::vector<std::string> problems;  // what could not be read

  // Of all stages, those under way included.
  double seconds() const;
  // The last error that was logged; "" when there is none, or the run did not fail.
  std::string failure() const;
};

// Throws InvalidParameter when it is not the directory of a run.
RunData read_run_data(const std::filesystem::path& directory);

// The histories of a run's stages by the names of these, in their order.
std::vector<std::pair<std::string, StageHistory>> read_histories(const std::filesystem::path& file);

}  // namespace retort::report
