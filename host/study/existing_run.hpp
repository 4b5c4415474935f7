#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "config/node.hpp"

namespace retort::study {

// A run as its directory shows it.
struct ExistingRun {
  enum class State {
    Finished,
    Interrupted,  // stopped, killed, or still under way
    Failed,
  };
  std::filesystem::path directory;
  State state = State::Interrupted;
  nlohmann::ordered_json stages;  // what summary.json says of those that are done; a list

  // A number that the last stage's result holds; nothing when there is none of that name.
  std::optional<double> value(const std::string& name) const;
  // Of training and evaluation, all stages together.
  double seconds() const;
};

// Throws Error when `directory` is not that of a run, or its summary is not one.
ExistingRun read_run(const std::filesystem::path& directory);

// The newest run in the folder of a planned run; nothing when there is none.
std::optional<ExistingRun> newest_run(const std::filesystem::path& folder);

// The newest run in a folder that is not finished and was made from the same experiment, name and [metrics] aside;
// nothing when there is none.
std::optional<std::filesystem::path> unfinished_run(const std::filesystem::path& folder,
                                                    const config::Node& experiment);

// Whether a process works in the directory of a run.
bool is_under_way(const std::filesystem::path& directory);

}  // namespace retort::study
