#include "run_command.hpp"

namespace retort::study {
namespace {

constexpr int kBenchSteps = 5;
constexpr int kBenchWarmup = 2;

void set(std::vector<std::string>& words, const std::string& key, const Value& value) {
  words.insert(words.end(), {"--set", key + "=" + to_toml(value)});
}

}  // namespace

std::vector<std::string> RunCommand::begin(const PlannedRun& run, const std::vector<std::filesystem::path>& experiments,
                                           const std::vector<TeacherWeights>& teachers) const {
  std::vector<std::string> words{program.string(), "run"};
  words.insert(words.end(), experiments.begin(), experiments.end());
  for (const TeacherWeights& teacher : teachers) {
    for (const std::string& key : teacher.substitution.dropped) words.insert(words.end(), {"--unset", key});
    for (const std::string& model : teacher.substitution.models) set(words, model + ".weights", teacher.file.string());
  }
  add_threads(words, run);
  // Runs at the same time cannot share a port.
  if ((jobs > 1 || experiments.size() > 1) && run.experiment.metrics.port.value != 0) set(words, "metrics.port", 0);
  add_common(words);
  return words;
}

std::vector<std::string> RunCommand::resume(const std::vector<std::filesystem::path>& directories) const {
  std::vector<std::string> words{program.string(), "run"};
  for (const auto& directory : directories) words.insert(words.end(), {"--resume", directory.string()});
  add_common(words);
  return words;
}

std::vector<std::string> RunCommand::bench(const PlannedRun& run, const std::filesystem::path& experiment,
                                           const std::string& stage) const {
  std::vector<std::string> words{program.string(),    "bench",
                                 experiment.string(), "--json",
                                 "--stage",           stage,
                                 "--steps",           std::to_string(kBenchSteps),
                                 "--warmup",          std::to_string(kBenchWarmup)};
  add_threads(words, run);
  add_common(words);
  return words;
}

std::vector<std::string> RunCommand::environment() const {
  return {"OMP_NUM_THREADS=" + std::to_string(threads)};
}

void RunCommand::add_common(std::vector<std::string>& words) const {
  for (const std::string& folder : plugin_path) words.insert(words.end(), {"--plugin-path", folder});
}

// An experiment that says how many threads it wants gets them.
void RunCommand::add_threads(std::vector<std::string>& words, const PlannedRun& run) const {
  if (run.experiment.run.threads == 0) set(words, "run.threads", threads);
}

}  // namespace retort::study
