#include <cstdio>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "command_line.hpp"
#include "experiment_options.hpp"
#include "run/runner.hpp"
#include "run/side_by_side.hpp"
#include "run/stop_signal.hpp"
#include "run/time_limit.hpp"
#include "study/existing_run.hpp"

namespace retort::app {
namespace {

constexpr const char* kAuto = "auto";

struct Options {
  std::vector<std::filesystem::path> files;
  ExperimentOptions experiment;  // `file` is filled in for each run
  std::vector<std::string> resume;
  std::string max_time;
  bool json = false;
};

std::string percent(double ratio) {
  return fmt::format("{:.2f}%", 100.0 * ratio);
}

void print_outcome(const run::RunOutcome& outcome) {
  for (const run::StageOutcome& stage : outcome.stages) {
    std::string line = fmt::format("{}: {} test accuracy {} (top-5 {}, best {})", stage.stage, stage.student,
                                   percent(stage.top1), percent(stage.top5), percent(stage.best_top1));
    if (stage.teacher_top1) line += fmt::format(", teacher {}", percent(*stage.teacher_top1));
    if (stage.agreement) line += fmt::format(", agreement {}", percent(*stage.agreement));
    std::printf("%s, %.1f s\n", line.c_str(), stage.seconds);
  }
  std::printf("%s\n", outcome.directory.c_str());
}

// The run is of the plain experiment, and so is what it keeps of it.
void ignore_study(config::ExperimentSpec& experiment) {
  const config::Node* const study = experiment.resolved.find("study");
  if (!study) return;
  std::fprintf(stderr,
               "%s: warning: study: not used, since 'retort run' trains the experiment itself; "
               "'retort study' runs its members\n",
               study->origin().text().c_str());
  experiment.resolved.erase("study");
}

std::optional<std::chrono::seconds> time_limit(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto limit = run::parse_time(text)) return limit;
  throw InvalidParameter("--max-time: expected a time such as 90s, 45m, 2h30m or 1d, found '" + text + "'");
}

// One of the runs of this process: the experiment on the command line, or that of the run which is gone on with.
struct Request {
  ExperimentOptions experiment;
  std::optional<std::filesystem::path> resume;
};

Request resumption(const Options& options, const std::filesystem::path& directory) {
  Request request{options.experiment, directory};
  request.experiment.file = run::RunDirectory::open(directory).experiment();
  request.experiment.overrides = {};
  return request;
}

Request new_run(const Options& options, const std::filesystem::path& file) {
  Request request{options.experiment, std::nullopt};
  request.experiment.file = file;
  return request;
}

// With the newest unfinished run of the file's experiment; from the beginning when there is none.
Request automatic(const Options& options, const std::filesystem::path& file) {
  Request request = new_run(options, file);
  const auto registry = request.experiment.plugins.scan();
  const config::ExperimentSpec experiment = request.experiment.read(registry);
  const auto unfinished = study::unfinished_run(experiment.run.directory / experiment.run.name, experiment.resolved);
  return unfinished ? resumption(options, *unfinished) : request;
}

std::vector<Request> requests(const Options& options) {
  std::vector<Request> requests;
  if (options.resume == std::vector<std::string>{kAuto}) {
    if (options.files.empty()) throw InvalidParameter("--resume=auto needs a file: retort run CONFIG --resume=auto");
    for (const auto& file : options.files) requests.push_back(automatic(options, file));
  } else if (options.resume.empty()) {
    if (options.files.empty()) throw InvalidParameter("run needs a file: retort run CONFIG, or --resume DIRECTORY");
    for (const auto& file : options.files) requests.push_back(new_run(options, file));
  } else {
    if (!options.files.empty()) {
      throw InvalidParameter("--resume goes on with the run's own experiment; leave CONFIG out");
    }
    if (!options.experiment.overrides.set.empty() || !options.experiment.overrides.unset.empty()) {
      throw InvalidParameter("a resumed run is the same experiment: --set and --unset cannot change it");
    }
    for (const std::string& directory : options.resume) requests.push_back(resumption(options, directory));
  }
  return requests;
}

run::RunOrigin origin_of(const Request& request) {
  return {.command_line = command_line(), .resume = request.resume, .overrides = request.experiment.overrides};
}

int exit_code(const run::RunOutcome& outcome, const run::TimeLimit& limit) {
  if (outcome.state == "finished") return kDone;
  if (outcome.state != "stopped") return kFailed;
  std::fprintf(stderr, "retort: %s; go on with: retort run --resume %s\n",
               limit.over() ? "stopped, --max-time is over" : "stopped", outcome.directory.c_str());
  return kStopped;
}

void print(const run::RunOutcome& outcome, bool json) {
  if (json) {
    std::printf("%s\n", run::to_json(outcome).dump().c_str());
  } else {
    print_outcome(outcome);
  }
}

int run_alone(const Request& request, const Options& options, const run::TimeLimit& limit) {
  auto registry = request.experiment.plugins.scan();
  run::RunOrigin origin = origin_of(request);
  auto experiment = request.experiment.read(registry, &origin.sources);
  ignore_study(experiment);
  run::Runner runner(experiment, registry, std::move(origin));
  runner.prepare();
  const run::RunOutcome outcome = runner.run();
  print(outcome, options.json);
  return exit_code(outcome, limit);
}

int run_side_by_side(const std::vector<Request>& requests, const Options& options, const run::TimeLimit& limit) {
  std::deque<registry::Registry> registries;
  run::SideBySide runs;
  for (const Request& request : requests) {
    registry::Registry& registry = registries.emplace_back(request.experiment.plugins.scan());
    run::RunOrigin origin = origin_of(request);
    auto experiment = request.experiment.read(registry, &origin.sources);
    ignore_study(experiment);
    runs.add(std::move(experiment), registry, std::move(origin));
  }
  runs.prepare();
  int code = kDone;
  for (const auto& [outcome, error] : runs.run()) {
    if (!error.empty()) std::fprintf(stderr, "retort: error: %s: %s\n", outcome.directory.c_str(), error.c_str());
    if (error.empty()) print(outcome, options.json);
    const int own = error.empty() ? exit_code(outcome, limit) : kFailed;
    if (code == kDone || own == kFailed) code = own;
  }
  return code;
}

int execute(const Options& options) {
  // From here on: a run that is still being prepared stops before its first step.
  const run::StopSignal signals;
  const run::TimeLimit limit(time_limit(options.max_time));
  const std::vector<Request> runs = requests(options);
  return runs.size() == 1 ? run_alone(runs.front(), options, limit) : run_side_by_side(runs, options, limit);
}

}  // namespace

Action add_run(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option(
      "CONFIG", options->files,
      "The experiment, a TOML file; several run side by side in one process and share their batches and what "
      "equal teachers make of them");
  options->experiment.add_changes_to(app);
  app.add_option(
         "--resume", options->resume,
         "Go on with a run that was stopped or killed, with several side by side; with CONFIG and --resume=auto, with "
         "the newest unfinished run of that experiment, or begin one")
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  app.add_option("--max-time", options->max_time, "Save and stop after this time: 90s, 45m, 2h30m, 1d")
      ->type_name("TIME");
  app.add_flag("--json", options->json, "Print the outcome for programs");
  app.footer("Ctrl-C, SIGTERM, SIGUSR1 and --max-time save the run and leave with 75; a second signal leaves at once.");
  return [options] { return execute(*options); };
}

}  // namespace retort::app
