#include "study_data.hpp"

#include <algorithm>

#include "run_data.hpp"
#include "study/experiment_file.hpp"
#include "study/identity.hpp"
#include "study/record.hpp"

namespace retort::report {
namespace {

constexpr const char* kSeed = "run.seed";

StageHistory last_stage(const std::filesystem::path& directory) {
  auto histories = read_histories(directory / "metrics.jsonl");
  return histories.empty() ? StageHistory() : std::move(histories.back().second);
}

// What the run itself told last of an error.
std::string logged_failure(const std::filesystem::path& directory) {
  std::string reason;
  for (const RunEvent& event : read_events(directory / "events.log")) {
    if (event.level == "error") reason = event.message;
  }
  return reason;
}

StudyData::Member read_member(const study::ComparedRun& run, const std::filesystem::path& study_directory,
                              std::vector<std::string>& problems) {
  StudyData::Member member{.run = &run, .reason = run.reason};
  const auto attempt = [&](auto read) {
    try {
      read();
    } catch (const std::exception& error) {
      problems.emplace_back(error.what());
    }
  };
  // One that has not begun has its experiment in its folder already.
  const bool begun = !run.directory.empty();
  const auto experiment = (begun ? run.directory : study_directory / run.name) / study::kExperimentFile;
  if (std::filesystem::exists(experiment)) {
    attempt([&] { member.settings = study::essential_values(study::read_experiment_file(experiment)); });
    member.settings.erase(kSeed);
  }
  if (!begun) return member;
  attempt([&] { member.history = last_stage(run.directory); });
  if (run.state == "failed" && member.reason.empty()) member.reason = logged_failure(run.directory);
  return member;
}

}  // namespace

std::vector<std::string> StudyData::groups() const {
  std::vector<std::string> names;
  for (const Member& member : members) {
    if (std::find(names.begin(), names.end(), member.run->group) == names.end()) names.push_back(member.run->group);
  }
  return names;
}

void read_study_data(const std::filesystem::path& directory, const ComparisonChoice& choice, StudyData& study) {
  study.directory = std::filesystem::canonical(directory);
  study.record = study::read_study_file(study.directory);
  study.runs = study::read_compared({study.directory});
  const study::ComparedRun* first = nullptr;
  for (const study::ComparedRun& run : study.runs.runs) {
    study.members.push_back(read_member(run, study.directory, study.problems));
    if (run.state == "finished" && !first) first = &run;
  }
  if (!first) return;
  study.comparison =
      study::compare(study.runs, choice.metric, choice.baseline.empty() ? first->group : choice.baseline);
}

}  // namespace retort::report
