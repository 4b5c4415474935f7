#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "config/document.hpp"
#include "config/experiment.hpp"
#include "registry/registry.hpp"

namespace retort::app {

// Where plugins are looked for, as options of a command.
struct PluginOptions {
  std::vector<std::string> plugin_path;

  void add_to(CLI::App& command);
  registry::Registry scan() const;
};

// An experiment on the command line: the file, what is changed in it, and where its plugins are.
struct ExperimentOptions {
  std::filesystem::path file;
  config::Overrides overrides;
  PluginOptions plugins;

  // `file_required`: the file must be given.
  void add_to(CLI::App& command, bool file_required = true);
  // All but the file.
  void add_changes_to(CLI::App& command);

  // The merged document. Throws config::Rejected with everything that is wrong.
  config::Node document() const;
  // Prints warnings to stderr; throws config::Rejected with everything that is wrong.
  // `sources`: as of config::load_document().
  config::ExperimentSpec read(const registry::Registry& registry,
                              std::vector<config::SourceFile>* sources = nullptr) const;
};

// Throws config::Rejected when something failed; prints the warnings otherwise.
void settle(const config::Diagnostics& diagnostics);

}  // namespace retort::app
