#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "json_access.hpp"
#include "stage_history.hpp"
#include "study/comparison.hpp"

namespace retort::report {

// A study as its directory shows it.
struct StudyData {
  struct Member {
    const study::ComparedRun* run = nullptr;
    StageHistory history;                         // of the last stage; empty until it has begun
    std::map<std::string, std::string> settings;  // of its experiment, by key; without the seed
    std::string reason;                           // of a failure
  };

  std::filesystem::path directory;
  Json record;  // study.json
  study::ComparedRuns runs;
  std::vector<Member> members;
  std::optional<study::Comparison> comparison;  // none until a run is finished
  std::vector<std::string> problems;            // what could not be read

  // Of the groups that have a member, in the order of the study.
  std::vector<std::string> groups() const;
};

struct ComparisonChoice {
  std::string metric = "top1";
  std::string baseline;  // "" for the first group with a finished run
};

// Fills `study`, whose members and comparison refer to its runs. Throws InvalidParameter when `directory` holds no
// study, or there is no such metric or baseline.
void read_study_data(const std::filesystem::path& directory, const ComparisonChoice& choice, StudyData& study);

}  // namespace retort::report
