#include <cstdio>

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "config/schema.hpp"
#include "experiment_options.hpp"

namespace retort::app {

Action add_schema(CLI::App& app) {
  auto plugins = std::make_shared<PluginOptions>();
  plugins->add_to(app);
  app.footer(
      "retort schema > retort.schema.json, and '#:schema ./retort.schema.json' as an experiment's first line, give "
      "completion and checks in editors that know taplo.");
  return [plugins] {
    const auto registry = plugins->scan();
    std::vector<Descriptor> components;
    for (const Kind kind : kAllKinds) {
      for (const Descriptor* component : registry.components(kind)) components.push_back(*component);
    }
    std::printf("%s\n", config::experiment_schema(components).dump(2).c_str());
    return static_cast<int>(kDone);
  };
}

}  // namespace retort::app
