#pragma once

#include <filesystem>
#include <string>

#include "run_directory.hpp"

namespace retort::run {

// Which of a run's students is meant.
struct StudentChoice {
  std::string stage;  // "": the last one that has a student
  bool best = false;  // the one of the best evaluation instead of the last
};

struct TrainedStudent {
  std::string stage;
  std::filesystem::path file;
};

// Finds a student's weights in a run's directory. Throws InvalidParameter, naming the stages that have one.
TrainedStudent find_student(const RunDirectory& directory, const StudentChoice& choice);

}  // namespace retort::run
