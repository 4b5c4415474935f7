#include "existing_run.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include <retort/error.hpp>

#include "experiment_file.hpp"
#include "identity.hpp"
#include "metrics/descriptor.hpp"
#include "run/run_directory.hpp"

namespace retort::study {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

// The newest first.
std::vector<fs::path> runs_in(const fs::path& folder) {
  std::vector<fs::path> runs;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    // One without experiment.toml was killed before it began.
    if (!entry.is_symlink() && fs::exists(entry.path() / "experiment.toml")) runs.push_back(entry.path());
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.filename() > b.filename(); });
  return runs;
}

}  // namespace

std::optional<double> ExistingRun::value(const std::string& name) const {
  if (stages.empty()) return std::nullopt;
  const auto found = stages.back().find(name);
  if (found == stages.back().end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

double ExistingRun::seconds() const {
  double sum = 0.0;
  for (const Json& stage : stages) sum += stage.value("seconds", 0.0);
  return sum;
}

ExistingRun read_run(const fs::path& path) {
  const auto directory = run::RunDirectory::open(path);
  ExistingRun run{.directory = directory.root(), .stages = Json::array()};
  std::ifstream stream(directory.summary());
  if (!stream) return run;
  try {
    const Json summary = Json::parse(stream);
    run.stages = summary.at("stages");
    const auto state = summary.at("state").get<std::string>();
    if (state == "finished") run.state = ExistingRun::State::Finished;
    if (state == "failed") run.state = ExistingRun::State::Failed;
  } catch (const nlohmann::json::exception& error) {
    throw Error(directory.summary().string() + " is not the summary of a run: " + error.what());
  }
  return run;
}

std::optional<ExistingRun> newest_run(const fs::path& folder) {
  const std::vector<fs::path> runs = runs_in(folder);
  if (runs.empty()) return std::nullopt;
  return read_run(runs.front());
}

std::optional<fs::path> unfinished_run(const fs::path& folder, const config::Node& experiment) {
  const std::string hash = essence_hash(experiment);
  for (const fs::path& run : runs_in(folder)) {
    if (read_run(run).state == ExistingRun::State::Finished) continue;
    if (essence_hash(read_experiment_file(run / "experiment.toml")) == hash) return run;
  }
  return std::nullopt;
}

bool is_under_way(const fs::path& directory) {
  const metrics::Descriptor lock(::open((directory / ".lock").c_str(), O_RDWR | O_CLOEXEC));
  return lock.value() >= 0 && ::flock(lock.value(), LOCK_EX | LOCK_NB) != 0;
}

}  // namespace retort::study
