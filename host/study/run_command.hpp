#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plan.hpp"

namespace retort::study {

// A teacher that an experiment need not train, and the file that another run wrote of it.
struct TeacherWeights {
  Substitution substitution;
  std::filesystem::path file;
};

// What every run of a sitting is started with.
struct RunCommand {
  std::filesystem::path program;
  std::vector<std::string> plugin_path;
  int jobs = 1;
  int threads = 1;

  // `experiments` are the files of a run, or of several that run side by side; `run` is one of them; `teachers` are
  // those that they need not train.
  std::vector<std::string> begin(const PlannedRun& run, const std::vector<std::filesystem::path>& experiments,
                                 const std::vector<TeacherWeights>& teachers) const;
  // Goes on in the directory of a run, or of several.
  std::vector<std::string> resume(const std::vector<std::filesystem::path>& directories) const;
  // Measures some steps of a stage; prints JSON.
  std::vector<std::string> bench(const PlannedRun& run, const std::filesystem::path& experiment,
                                 const std::string& stage) const;
  // NAME=value for its environment.
  std::vector<std::string> environment() const;

 private:
  void add_common(std::vector<std::string>& words) const;
  void add_threads(std::vector<std::string>& words, const PlannedRun& run) const;
};

}  // namespace retort::study
