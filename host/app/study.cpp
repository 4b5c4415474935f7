#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "command_line.hpp"
#include "experiment_options.hpp"
#include "study/estimate.hpp"
#include "study/execution.hpp"
#include "study/plan_text.hpp"

namespace retort::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  ExperimentOptions experiment;
  fs::path out;
  int jobs = 1;
  bool dry_run = false;
  bool no_estimate = false;
  study::Execution::Options execution;
  bool json = false;
};

// As many as OMP_NUM_THREADS says, else one for each core that this process may use.
int available_threads() {
  const char* const told = std::getenv("OMP_NUM_THREADS");
  if (const int threads = told ? std::atoi(told) : 0; threads > 0) return threads;
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

study::StudyPlan make_plan(const Options& options) {
  const auto registry = options.experiment.plugins.scan();
  const config::Node document = options.experiment.document();
  config::Diagnostics diagnostics;
  auto plan = study::plan_study(document, fs::absolute(options.out).lexically_normal(), registry, diagnostics);
  settle(diagnostics);
  return std::move(*plan);
}

void print_estimate(const study::Execution& execution, const study::RunCommand& command, bool shared_teacher) {
  std::vector<const study::PlannedRun*> runs;
  const study::StudyPlan& plan = execution.plan();
  for (std::size_t i = 0; i < plan.teachers.size(); ++i) {
    if (execution.needs_teacher(i)) runs.push_back(&plan.teachers[i]);
  }
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    if (execution.needs_member(i)) runs.push_back(&plan.members[i].run);
  }
  if (runs.empty()) return;
  std::fprintf(stderr, "%s", study::to_text(study::estimate(runs, command), command.jobs).c_str());
  if (shared_teacher) std::fprintf(stderr, "  members side by side share their teacher and take less\n");
}

bool any_failed(const study::StudyProgress& progress) {
  const auto failed = [](const study::RunProgress& run) { return run.state == study::RunState::Failed; };
  return std::any_of(progress.members.begin(), progress.members.end(), failed) ||
         std::any_of(progress.teachers.begin(), progress.teachers.end(), failed);
}

int execute(const Options& options) {
  const study::StudyPlan plan = make_plan(options);
  std::vector<std::string> plugin_path;
  for (const std::string& folder : options.experiment.plugins.plugin_path) {
    plugin_path.push_back(fs::absolute(folder).string());
  }
  const study::RunCommand command{.program = fs::read_symlink("/proc/self/exe"),
                                  .plugin_path = plugin_path,
                                  .jobs = options.jobs,
                                  .threads = std::max(1, available_threads() / options.jobs)};
  study::Execution execution(plan, command, command_line(), options.execution);
  const bool silent = options.json && options.dry_run;
  if (!silent)
    std::fprintf(options.dry_run ? stdout : stderr, "%s", study::plan_text(plan, execution.progress()).c_str());
  if (!options.no_estimate) print_estimate(execution, command, options.execution.shared_teacher);
  const bool complete = options.dry_run || execution.run();
  if (options.json) {
    std::printf("%s\n", study::to_json(plan, execution.progress(), command_line()).dump().c_str());
  } else if (!options.dry_run) {
    std::printf("%s%s\n", study::outcome_text(plan, execution.progress()).c_str(), plan.directory.c_str());
  }
  if (!options.json && !options.dry_run) {
    std::fprintf(stderr, "'retort report %s' writes a page about it\n", plan.directory.c_str());
  }
  if (!complete) {
    std::fprintf(stderr, "retort: stopped; the same command goes on\n");
    return kStopped;
  }
  return !options.dry_run && any_failed(execution.progress()) ? kFailed : kDone;
}

}  // namespace

Action add_study(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app);
  app.add_option("--out", options->out, "Folder of the study; one that exists is gone on with")
      ->type_name("DIR")
      ->required();
  app.add_option("-j,--jobs", options->jobs, "Runs at the same time; they share the threads (default 1)")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--dry-run", options->dry_run, "Print the plan and what it costs; run nothing");
  app.add_flag("--no-estimate", options->no_estimate, "Do not measure what it costs first");
  app.add_flag("--retry-failed", options->execution.retry_failed, "Run again what failed in an earlier sitting");
  app.add_flag("--shared-teacher", options->execution.shared_teacher,
               "Run members that differ only in their losses or in student.seed in one process, on one stream of "
               "batches and with one forward pass of the teacher");
  app.add_flag("--json", options->json, "Print for programs");
  app.footer(
      "Runs the members of [study]: axes, samples and variants combined. A run that is finished is skipped, one that "
      "was stopped or killed goes on, one that fails leaves the others alone. Ctrl-C and SIGTERM save all runs and "
      "leave with 75.");
  return [options] { return execute(*options); };
}

}  // namespace retort::app
