#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "command_line.hpp"
#include "experiment_options.hpp"
#include "run/runner.hpp"
#include "run/stop_signal.hpp"
#include "run/time_limit.hpp"
#include "study/existing_run.hpp"

namespace retort::app {
namespace {

constexpr const char* kAuto = "auto";

struct Options {
  ExperimentOptions experiment;
  std::string resume;
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

// The run that --resume=auto goes on with; nothing when there is none.
std::optional<std::filesystem::path> unfinished_run(const Options& options, const registry::Registry& registry) {
  config::ExperimentSpec experiment = options.experiment.read(registry);
  return study::unfinished_run(experiment.run.directory / experiment.run.name, experiment.resolved);
}

// Settles what is resumed: then the experiment is the run's own.
std::optional<std::filesystem::path> settle_resumption(Options& options, const registry::Registry& registry) {
  std::optional<std::filesystem::path> resume;
  if (options.resume == kAuto) {
    if (options.experiment.file.empty()) {
      throw InvalidParameter("--resume=auto needs a file: retort run CONFIG --resume=auto");
    }
    resume = unfinished_run(options, registry);
    if (!resume) return std::nullopt;
  } else if (options.resume.empty()) {
    if (options.experiment.file.empty()) {
      throw InvalidParameter("run needs a file: retort run CONFIG, or --resume DIRECTORY");
    }
    return std::nullopt;
  } else {
    if (!options.experiment.file.empty())
      throw InvalidParameter("--resume goes on with the run's own experiment; leave CONFIG out");
    if (!options.experiment.overrides.set.empty() || !options.experiment.overrides.unset.empty()) {
      throw InvalidParameter("a resumed run is the same experiment: --set and --unset cannot change it");
    }
    resume = options.resume;
  }
  options.experiment.file = run::RunDirectory::open(*resume).experiment();
  options.experiment.overrides = {};
  return resume;
}

int execute(Options& options) {
  // From here on: a run that is still being prepared stops before its first step.
  const run::StopSignal signals;
  const run::TimeLimit limit(time_limit(options.max_time));
  auto registry = options.experiment.plugins.scan();
  run::RunOrigin origin{.command_line = command_line(), .resume = settle_resumption(options, registry)};
  origin.overrides = options.experiment.overrides;
  auto experiment = options.experiment.read(registry, &origin.sources);
  ignore_study(experiment);
  run::Runner runner(experiment, registry, std::move(origin));
  runner.prepare();
  const run::RunOutcome outcome = runner.run();
  if (options.json) {
    std::printf("%s\n", run::to_json(outcome).dump().c_str());
  } else {
    print_outcome(outcome);
  }
  if (outcome.state == "finished") return kDone;
  std::fprintf(stderr, "retort: %s; go on with: retort run --resume %s\n",
               limit.over() ? "stopped, --max-time is over" : "stopped", outcome.directory.c_str());
  return kStopped;
}

}  // namespace

Action add_run(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app, /*file_required=*/false);
  app.add_option(
         "--resume", options->resume,
         "Go on with a run that was stopped or killed; with CONFIG and --resume=auto, with the newest unfinished "
         "run of that experiment, or begin one")
      ->type_name("DIRECTORY");
  app.add_option("--max-time", options->max_time, "Save and stop after this time: 90s, 45m, 2h30m, 1d")
      ->type_name("TIME");
  app.add_flag("--json", options->json, "Print the outcome for programs");
  app.footer("Ctrl-C, SIGTERM, SIGUSR1 and --max-time save the run and leave with 75; a second signal leaves at once.");
  return [options] { return execute(*options); };
}

}  // namespace retort::app
