#include <cstdio>
#include <filesystem>

#include "command.hpp"
#include "study/comparison_format.hpp"

namespace retort::app {
namespace {

struct Options {
  std::vector<std::filesystem::path> paths;
  std::string baseline;
  std::string metric = "top1";
  std::string format = "text";
  bool force = false;
};

std::string formatted(const study::Comparison& comparison, const std::string& format) {
  if (format == "markdown") return study::to_markdown(comparison);
  if (format == "csv") return study::to_csv(comparison);
  if (format == "json") return study::to_json(comparison).dump(2) + "\n";
  return study::to_text(comparison);
}

int execute(const Options& options) {
  const study::ComparedRuns runs = study::read_compared(options.paths);
  const study::Comparison comparison = study::compare(runs, options.metric, options.baseline);
  const bool refused = !comparison.mismatches.empty() && !options.force;
  for (const std::string& mismatch : comparison.mismatches) {
    std::fprintf(stderr, "retort: %s: %s\n", refused ? "error" : "warning", mismatch.c_str());
  }
  if (refused) {
    std::fprintf(stderr, "retort: such results are not compared; --force compares them all the same\n");
    return kUsage;
  }
  std::printf("%s", formatted(comparison, options.format).c_str());
  return kDone;
}

}  // namespace

Action add_compare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("PATH", options->paths, "Directories of runs and of studies")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--baseline", options->baseline, "The group that the others are compared with, over common seeds")
      ->type_name("GROUP");
  app.add_option("--metric", options->metric, "What is compared, of the last stage's result (default top1)")
      ->type_name("NAME");
  app.add_option("--format", options->format, "text (default), markdown, csv or json")
      ->check(CLI::IsMember({"text", "markdown", "csv", "json"}))
      ->type_name("FORMAT");
  app.add_flag("--force", options->force, "Compare runs of different versions, plugins, devices or data all the same");
  app.footer(
      "Runs that differ only in their seed are a group: mean, sample standard deviation, n. Runs that are not finished "
      "are listed and not averaged.");
  return [options] { return execute(*options); };
}

}  // namespace retort::app
