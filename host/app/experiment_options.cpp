#include "experiment_options.hpp"

#include <cstdio>

#include "config/experiment_reader.hpp"

namespace retort::app {

void PluginOptions::add_to(CLI::App& command) {
  command
      .add_option("--plugin-path", plugin_path,
                  "Folder to look for plugins in, before RETORT_PLUGIN_PATH and the installed ones; may be repeated")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory)
      ->allow_extra_args(false);
}

registry::Registry PluginOptions::scan() const {
  return registry::Registry(registry::Registry::search_folders(plugin_path));
}

void ExperimentOptions::add_to(CLI::App& command, bool file_required) {
  command.add_option("CONFIG", file, "The experiment, a TOML file")->required(file_required);
  add_changes_to(command);
}

void ExperimentOptions::add_changes_to(CLI::App& command) {
  command.add_option("--set", overrides.set, "Change a value: --set loss.soft.temperature=8; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--unset", overrides.unset, "Remove a key or table: --unset loss.soft; may be repeated")
      ->type_name("KEY")
      ->allow_extra_args(false);
  plugins.add_to(command);
}

void settle(const config::Diagnostics& diagnostics) {
  diagnostics.throw_if_failed();
  std::fprintf(stderr, "%s", diagnostics.text().c_str());
}

config::Node ExperimentOptions::document() const {
  config::Diagnostics diagnostics;
  config::Node document = config::load_document(file, overrides, diagnostics);
  settle(diagnostics);
  return document;
}

config::ExperimentSpec ExperimentOptions::read(const registry::Registry& registry,
                                               std::vector<config::SourceFile>* sources) const {
  config::Diagnostics diagnostics;
  const config::Node document = config::load_document(file, overrides, diagnostics, sources);
  diagnostics.throw_if_failed();
  auto experiment = config::read_experiment(document, registry, diagnostics);
  settle(diagnostics);
  return std::move(*experiment);
}

}  // namespace retort::app
