#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "existing_run.hpp"
#include "plan.hpp"
#include "spared_work.hpp"

// study.json: what a study consists of and how far it is.
namespace retort::study {

enum class RunState { Waiting, Running, Finished, Stopped, Failed };
const char* state_name(RunState state);

// Where a planned run stands.
struct RunProgress {
  RunState state = RunState::Waiting;
  std::filesystem::path directory;  // of its run; empty before it began
  nlohmann::ordered_json stages = nlohmann::ordered_json::array();
  double seconds = 0.0;
  std::string reason;  // why it failed

  void take(const ExistingRun& run);
};

struct StudyProgress {
  std::vector<RunProgress> teachers;  // as in the plan
  std::vector<RunProgress> members;
};

nlohmann::ordered_json to_json(const StudyPlan& plan, const StudyProgress& progress,
                               const std::vector<std::string>& command_line);

// What the logit caches of all runs spared.
SparedWork spared_work(const StudyProgress& progress);

// "seed=1 loss.soft.temperature=4.0": what a member sets besides its variant.
std::string settings_text(const Member& member);

inline constexpr const char* kStudyFile = "study.json";
inline constexpr const char* kExperimentFile = "experiment.toml";  // in the folder of each planned run
inline constexpr const char* kLogFile = "log.txt";

// What study.json in `directory` says. Throws Error when it is there and not one.
nlohmann::ordered_json read_study_file(const std::filesystem::path& directory);

}  // namespace retort::study
