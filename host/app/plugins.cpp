#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include <retort/nearest.hpp>

#include "command.hpp"
#include "experiment_options.hpp"

namespace retort::app {
namespace {

struct Options {
  std::string name;
  PluginOptions plugins;
  bool exists = false;
  bool json = false;
};

struct Found {
  const registry::PluginInfo* plugin;
  const Descriptor* component;
};

std::vector<Found> find_components(const registry::Registry& registry, const std::string& name) {
  std::vector<Found> found;
  for (const Kind kind : kAllKinds) {
    for (const registry::PluginInfo& plugin : registry.plugins()) {
      for (const Descriptor& component : plugin.components) {
        if (component.kind == kind && (name.empty() || component.name == name)) found.push_back({&plugin, &component});
      }
    }
  }
  return found;
}

std::string default_text(const ParamSpec& param) {
  if (param.required) return "required";
  return param.fallback ? to_toml(*param.fallback) : "unset";
}

nlohmann::ordered_json param_json(const ParamSpec& param) {
  nlohmann::ordered_json json{
      {"name", param.name}, {"doc", param.doc}, {"accepts", expectation(param)}, {"required", param.required}};
  json["default"] = param.fallback ? nlohmann::ordered_json(to_toml(*param.fallback)) : nlohmann::ordered_json();
  if (!param.choices.empty()) json["choices"] = param.choices;
  if (param.scheduled) json["scheduled"] = true;
  return json;
}

nlohmann::ordered_json component_json(const Found& found) {
  const Descriptor& component = *found.component;
  nlohmann::ordered_json json{{"kind", kind_name(component.kind)},
                              {"name", component.name},
                              {"version", component.version},
                              {"summary", component.summary},
                              {"reference", component.reference},
                              {"library", found.plugin->library.string()},
                              {"params", nlohmann::ordered_json::array()}};
  if (component.kind == Kind::Loss) {
    json["student_tap"] = component.student_tap;
    json["teacher_tap"] = component.teacher_tap;
  }
  for (const ParamSpec& param : component.params) json["params"].push_back(param_json(param));
  return json;
}

void print_param(const ParamSpec& param, const std::string& indent) {
  std::printf("%s%s = %s\n%s    %s (%s%s)\n", indent.c_str(), param.name.c_str(), default_text(param).c_str(),
              indent.c_str(), param.doc.c_str(), expectation(param).c_str(),
              param.scheduled ? "; can be scheduled" : "");
  for (const ParamSpec& field : param.fields) print_param(field, indent + "  ");
  for (const ParamSpec& element : param.element) {
    for (const ParamSpec& field : element.fields) print_param(field, indent + "  ");
  }
}

void describe(const Found& found) {
  const Descriptor& component = *found.component;
  std::printf("%s %s %s\n  %s\n", kind_name(component.kind), component.name.c_str(), component.version.c_str(),
              component.summary.c_str());
  if (!component.reference.empty()) std::printf("  reference: %s\n", component.reference.c_str());
  if (component.kind == Kind::Loss) {
    std::printf("  taps: student %s, %s\n", component.student_tap.c_str(),
                component.teacher_tap.empty() ? "no teacher" : ("teacher " + component.teacher_tap).c_str());
  }
  std::printf("  library: %s\n", found.plugin->library.c_str());
  for (const ParamSpec& param : component.params) print_param(param, "  ");
}

void list(const std::vector<Found>& found) {
  const char* kind = "";
  for (const Found& entry : found) {
    if (std::string_view(kind) != kind_name(entry.component->kind)) {
      kind = kind_name(entry.component->kind);
      std::printf("%s\n", kind);
    }
    std::printf("  %-16s %s\n", entry.component->name.c_str(), entry.component->summary.c_str());
  }
}

int show(const Options& options) {
  const auto registry = options.plugins.scan();
  const auto found = find_components(registry, options.name);
  if (options.exists) return found.empty() ? kFailed : kDone;
  if (!options.name.empty() && found.empty()) {
    std::vector<std::string> names;
    for (const Found& entry : find_components(registry, "")) names.push_back(entry.component->name);
    throw InvalidParameter("there is no component '" + options.name + "'" + did_you_mean(options.name, names) +
                           "; 'retort plugins' lists all");
  }
  std::vector<const registry::PluginInfo*> unusable;
  for (const registry::PluginInfo& plugin : registry.plugins()) {
    if (!registry.check(plugin).empty()) unusable.push_back(&plugin);
  }
  if (options.json) {
    nlohmann::ordered_json json{{"components", nlohmann::ordered_json::array()},
                                {"unusable", nlohmann::ordered_json::array()}};
    for (const Found& entry : found) json["components"].push_back(component_json(entry));
    for (const auto* plugin : unusable)
      json["unusable"].push_back({{"library", plugin->library.string()}, {"reason", registry.check(*plugin)}});
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return kDone;
  }
  if (!options.name.empty()) {
    for (const Found& entry : found) describe(entry);
    return kDone;
  }
  list(found);
  if (!unusable.empty()) std::printf("not usable\n");
  for (const auto* plugin : unusable)
    std::printf("  %s: %s\n", plugin->library.c_str(), registry.check(*plugin).c_str());
  return kDone;
}

}  // namespace

Action add_plugins(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "Describe this component: its parameters, taps and library");
  options->plugins.add_to(app);
  app.add_flag("--exists", options->exists, "Print nothing; exit 0 when there is such a component, else 1")
      ->needs(app.get_option("NAME"));
  app.add_flag("--json", options->json, "Print for programs");
  return [options] { return show(*options); };
}

}  // namespace retort::app
