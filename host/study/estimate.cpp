#include "estimate.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <retort/error.hpp>
#include <retort/param.hpp>

#include "child.hpp"
#include "config/toml_text.hpp"
#include "duration.hpp"
#include "files/atomic_file.hpp"

namespace retort::study {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "retort-study-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw Error("cannot make a temporary folder " + name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string text(const config::ComponentSpec& component) {
  return component.use.value + " " + to_toml(component.params) + "\n";
}

// Everything that the time of a step depends on. Of losses their names: their numbers hardly cost time.
std::string cost_key(const config::RunSpec& run, const config::StageSpec& stage) {
  std::string key = run.device.value + "\n" + run.precision.value + "\n" + text(stage.dataset.dataset);
  for (const config::TransformSpec& transform : stage.dataset.transforms) key += transform.use + "\n";
  if (stage.teacher) {
    key += "teacher " + text(stage.teacher->model);
    for (const config::EnsembleMember& member : stage.teacher->members) key += text(member.spec.model);
  }
  key += "student " + text(stage.student.model);
  for (const config::TermSpec& term : stage.terms) {
    key += term.loss.use.value;
    for (const auto* branches : {&term.student, &term.teacher}) {
      for (const config::BranchSpec& branch : *branches) {
        key += " " + branch.tap.value;
        if (branch.projector) key += " " + branch.projector->use.value;
        if (branch.normalization) key += " " + branch.normalization->use.value;
      }
    }
    key += "\n";
  }
  return key + std::to_string(stage.training.batch_size);
}

std::string label(const config::StageSpec& stage) {
  std::string losses;
  for (const config::TermSpec& term : stage.terms) losses += (losses.empty() ? "" : " + ") + term.loss.use.value;
  return (stage.teacher ? stage.teacher->model.use.value + " -> " : "") + stage.student.model.use.value + ", " + losses;
}

StageCost measure(const PlannedRun& run, const config::StageSpec& stage, const RunCommand& command) {
  StageCost cost{.label = label(stage)};
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "experiment.toml";
  files::write_file(file, config::toml_text(run.experiment.resolved));
  const Captured bench = capture(command.bench(run, file, stage.name), command.environment());
  try {
    if (bench.ending.code != 0 || bench.ending.signal != 0) throw Error("it failed");
    const auto json = nlohmann::json::parse(bench.output);
    cost.step_seconds = 1e-3 * json.at("step_ms").at("mean").get<double>();
    cost.train_images = json.at("train_images").get<std::int64_t>();
  } catch (const std::exception&) {
    cost.problem = "retort bench of " + run.name + " failed";
  }
  return cost;
}

std::int64_t steps_of(const config::TrainingSpec& training, std::int64_t images) {
  const std::int64_t round_up = training.drop_last ? 0 : training.batch_size - 1;
  const std::int64_t steps = training.epochs * ((images + round_up) / training.batch_size);
  return training.max_steps ? std::min(steps, *training.max_steps) : steps;
}

}  // namespace

Estimate estimate(const std::vector<const PlannedRun*>& runs, const RunCommand& command) {
  Estimate result;
  std::map<std::string, std::size_t> known;
  for (const PlannedRun* run : runs) {
    ++result.runs;
    for (const config::StageSpec* stage : own_stages(*run)) {
      const auto [entry, added] = known.emplace(cost_key(run->experiment.run, *stage), result.costs.size());
      if (added) result.costs.push_back(measure(*run, *stage, command));
      const StageCost& cost = result.costs[entry->second];
      if (!cost.problem.empty()) {
        result.complete = false;
        continue;
      }
      const std::int64_t steps = steps_of(stage->training, cost.train_images);
      result.steps += steps;
      result.seconds += cost.step_seconds * static_cast<double>(steps) / command.jobs;
    }
  }
  return result;
}

std::string to_text(const Estimate& estimate, int jobs) {
  std::string text = fmt::format("estimate: {} for {} run{}, {} steps", duration_text(estimate.seconds), estimate.runs,
                                 estimate.runs == 1 ? "" : "s", estimate.steps);
  if (jobs > 1) text += fmt::format(", {} at a time as if each were alone", jobs);
  text += "; evaluations and starting not counted\n";
  for (const StageCost& cost : estimate.costs) {
    text += "  " + cost.label + ": " +
            (cost.problem.empty() ? fmt::format("{:.2f} ms a step", 1e3 * cost.step_seconds)
                                  : "not measured (" + cost.problem + "), not in the sum") +
            "\n";
  }
  return text;
}

}  // namespace retort::study
