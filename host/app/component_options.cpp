#include "component_options.hpp"

#include <cstdio>

#include <ATen/CPUGeneratorImpl.h>

#include "config/overrides.hpp"
#include "config/validation.hpp"

namespace retort::app {

void ComponentOptions::add_to(CLI::App& command, Kind kind) {
  command.add_option("NAME", name, std::string("The ") + kind_name(kind) + "'s name; 'retort plugins' lists them")
      ->required();
  command.add_option("-p,--param", params, "A parameter: -p temperature=8; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  plugins.add_to(command);
}

config::ComponentSpec ComponentOptions::read(Kind kind, const registry::Registry& registry,
                                             const Descriptor*& descriptor) const {
  config::Diagnostics diagnostics;
  const config::Origin origin{"command line"};
  config::Node node(config::Node::Entries{}, origin);
  config::apply_overrides(node, {.set = params, .option = "-p"}, diagnostics);
  config::ComponentSpec spec{.kind = kind, .key = kind_name(kind), .use = {name, origin}};
  spec.params = node.value().as<Table>();
  spec.node = std::move(node);
  descriptor = registry.find(spec, diagnostics);
  if (descriptor) config::check_table(descriptor->params, spec.node, name, diagnostics);
  diagnostics.throw_if_failed();
  return spec;
}

void PlainServices::log(registry::LogLevel level, std::string_view component, std::string_view message) {
  if (level != registry::LogLevel::Warning) return;
  std::fprintf(stderr, "retort: warning: %.*s: %.*s\n", static_cast<int>(component.size()), component.data(),
               static_cast<int>(message.size()), message.data());
}

void PlainServices::report(std::string_view, std::string_view, const at::Tensor&) {}

at::Generator PlainServices::generator() {
  return at::detail::getDefaultCPUGenerator();
}

}  // namespace retort::app
