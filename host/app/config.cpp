#include <cstdio>

#include "command.hpp"
#include "config/key_reference.hpp"
#include "config/toml_text.hpp"
#include "experiment_options.hpp"

namespace retort::app {
namespace {

struct Options {
  ExperimentOptions experiment;
  bool show_origin = false;
  bool show_values = false;
  bool reference = false;
};

int print(const Options& options) {
  if (options.reference) {
    std::printf("%s", config::key_reference().c_str());
    return kDone;
  }
  if (options.experiment.file.empty())
    throw InvalidParameter("config needs a file: retort config CONFIG, or --reference");
  // Validated as well: what is printed is an experiment that can be run.
  const auto registry = options.experiment.plugins.scan();
  const auto experiment = options.experiment.read(registry);
  std::printf(
      "%s",
      config::toml_text(experiment.resolved, {.origins = options.show_origin, .values = options.show_values}).c_str());
  return kDone;
}

}  // namespace

Action add_config(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->experiment.add_to(app, /*file_required=*/false);
  app.add_flag("--show-origin", options->show_origin,
               "Behind every value: the file, line and column, or the option, it came from");
  app.add_flag("--show-values", options->show_values, "Print what ${env:NAME} stands for instead of the reference");
  app.add_flag("--reference", options->reference, "Print every key of the host as Markdown");
  return [options] { return print(*options); };
}

}  // namespace retort::app
