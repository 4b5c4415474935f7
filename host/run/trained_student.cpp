#include "trained_student.hpp"

#include <algorithm>
#include <vector>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

namespace retort::run {
namespace fs = std::filesystem;

TrainedStudent find_student(const RunDirectory& directory, const StudentChoice& choice) {
  const auto file_of = [&](const std::string& stage) {
    return choice.best ? directory.best_student(stage) : directory.student(stage);
  };
  std::vector<std::pair<fs::file_time_type, std::string>> stages;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory.root() / "stages", error)) {
    const std::string stage = entry.path().filename();
    if (fs::exists(file_of(stage))) stages.emplace_back(fs::last_write_time(file_of(stage)), stage);
  }
  std::sort(stages.begin(), stages.end());
  std::vector<std::string> names;
  for (const auto& [time, stage] : stages) names.push_back(stage);
  if (names.empty()) throw InvalidParameter(directory.root().string() + " has no trained student yet");
  const std::string stage = choice.stage.empty() ? names.back() : choice.stage;
  if (std::find(names.begin(), names.end(), stage) == names.end()) {
    throw InvalidParameter(directory.root().string() + " has no student of a stage '" + stage + "'" +
                           did_you_mean(stage, names) + " (stages: " + join(names) + ")");
  }
  return {stage, file_of(stage)};
}

}  // namespace retort::run
