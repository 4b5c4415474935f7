#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "config/experiment.hpp"
#include "experiment_options.hpp"
#include "registry/services.hpp"

namespace retort::app {

// One component on the command line: its name, -p key=value parameters, and where its plugin is.
struct ComponentOptions {
  std::string name;
  std::vector<std::string> params;
  PluginOptions plugins;

  void add_to(CLI::App& command, Kind kind);

  // The component with validated parameters; `descriptor` is set to what it declares. Throws config::Rejected.
  config::ComponentSpec read(Kind kind, const registry::Registry& registry, const Descriptor*& descriptor) const;
};

// For components outside a run: warnings go to stderr, what they report is dropped.
class PlainServices final : public registry::Services {
 public:
  void log(registry::LogLevel level, std::string_view component, std::string_view message) override;
  void report(std::string_view component, std::string_view name, const at::Tensor& value) override;
  at::Generator generator() override;
};

}  // namespace retort::app
