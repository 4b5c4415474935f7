#include <cstdio>
#include <filesystem>

#include "command.hpp"
#include "report/page_file.hpp"
#include "report/run_page.hpp"
#include "report/study_page.hpp"
#include "study/record.hpp"

namespace retort::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "report.html";

struct Options {
  fs::path path;
  fs::path out;
  std::string title;
  report::ComparisonChoice choice;
  bool runs = false;
  bool for_study = false;  // an option was given that has no meaning for a run
  bool force = false;
};

fs::path out_of(const Options& options) {
  return fs::absolute(options.out.empty() ? fs::canonical(options.path) / kFile : options.out).lexically_normal();
}

void write_run(const fs::path& directory, const fs::path& out, const Options& options) {
  report::write_page(out, report::run_page(report::read_run_data(directory), options.title), options.force);
}

// Before the page of the study, which then links to them. Those of teachers too.
void write_runs(const report::StudyData& study, Options options) {
  options.title.clear();
  for (const report::StudyData::Member& member : study.members) {
    const fs::path& directory = member.run->directory;
    if (!directory.empty()) write_run(directory, directory / kFile, options);
  }
  for (const report::Json& teacher : report::at(study.record, "teachers")) {
    const fs::path directory = report::text_at_key(teacher, "directory");
    if (fs::exists(directory / study::kExperimentFile)) write_run(directory, directory / kFile, options);
  }
}

int execute(const Options& options) {
  const fs::path out = out_of(options);
  if (fs::exists(options.path / study::kStudyFile)) {
    report::StudyData study;
    report::read_study_data(options.path, options.choice, study);
    if (options.runs) write_runs(study, options);
    report::write_page(out, report::study_page(study, options.title, out.parent_path()), options.force);
  } else if (fs::exists(options.path / study::kExperimentFile)) {
    if (options.for_study) {
      throw InvalidParameter(options.path.string() +
                             " is a run: --baseline, --metric and --runs are for the report of a study");
    }
    write_run(options.path, out, options);
  } else {
    throw InvalidParameter(options.path.string() +
                           " is the directory of neither a study (it has no study.json) nor a run (it has no "
                           "experiment.toml)");
  }
  std::printf("%s\n", out.c_str());
  return kDone;
}

}  // namespace

Action add_report(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("PATH", options->path, "The directory of a run, or of a study")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--out", options->out, "The file to write (default: report.html in the directory)")->type_name("FILE");
  app.add_option("--title", options->title, "The title of the page (default: the name of the run or study)")
      ->type_name("TITLE");
  const auto* baseline = app.add_option("--baseline", options->choice.baseline,
                                        "Of a study: the group that the others are compared with (default: the first)")
                             ->type_name("GROUP");
  const auto* metric = app.add_option("--metric", options->choice.metric,
                                      "Of a study: what is compared, of the last stage's result (default top1)")
                           ->type_name("NAME");
  app.add_flag("--runs", options->runs, "Of a study: also write the report of each of its runs");
  app.add_flag("--force", options->force, "Replace a file even when it is no report");
  app.footer(
      "One HTML page that needs nothing else: no network, no other file, no script. A report that is there is "
      "replaced. "
      "Runs and studies under way can be reported on.");
  return [options, baseline, metric] {
    options->for_study = options->runs || baseline->count() > 0 || metric->count() > 0;
    return execute(*options);
  };
}

}  // namespace retort::app
