#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/published.hpp"
#include "existing_run.hpp"

namespace retort::study {

// A run as compare sees it.
struct ComparedRun {
  std::string name;
  std::string group;  // runs of a group differ in their seed alone
  std::int64_t seed = 0;
  std::filesystem::path directory;  // empty when it never began
  std::string state;                // "finished", "running", "stopped", "failed", "waiting"
  std::string reason;               // of a failure
  ExistingRun run;
  // What results must share to be compared, by what it is called: versions, device, data.
  std::map<std::string, std::string> circumstances;
  std::map<std::string, std::string> plugins;  // SHA-256 by the library's file name, of those that it loaded
  std::optional<config::PublishedResult> published;
};

struct ComparedRuns {
  std::vector<ComparedRun> runs;
  std::map<std::string, config::PublishedResult> published;  // by group, as studies say; before what runs say
};

// Reads directories of runs and of studies, in this order. A study's members keep their groups; other runs are grouped
// by their experiments without the seed. With several studies, names begin with the study's. Throws InvalidParameter
// for a path that is neither, and for a group that has a seed twice.
ComparedRuns read_compared(const std::vector<std::filesystem::path>& paths);

}  // namespace retort::study
