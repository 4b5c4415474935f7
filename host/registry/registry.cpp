#include "registry.hpp"

#include <algorithm>
#include <cstdlib>

#include <boost/dll/runtime_symbol_info.hpp>

#include <retort/nearest.hpp>

#include "abi_stamp.hpp"
#include "config/document.hpp"
#include "manifest_format.hpp"
#include "sha256.hpp"

namespace retort::registry {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kManifestSuffix = ".plugin.toml";

PluginInfo read_plugin(const fs::path& manifest) {
  PluginInfo plugin;
  std::string library = manifest.string();
  plugin.library = library.substr(0, library.size() - kManifestSuffix.size()) + ".so";
  try {
    config::Diagnostics diagnostics;
    const config::Node document = config::load_document(manifest, {}, diagnostics);
    if (diagnostics.failed()) throw Error("its manifest cannot be read: " + diagnostics.text());
    PluginFile file = read_manifest(document.value().as<Table>());
    plugin.library = manifest.parent_path() / file.library;
    plugin.sha256 = file.sha256;
    plugin.components = std::move(file.components);
    plugin.unusable = stamp_difference(file.abi, host_stamp());
  } catch (const std::exception& error) {
    plugin.unusable = error.what();
  }
  return plugin;
}

const Descriptor* offered(const PluginInfo& plugin, Kind kind, const std::string& name) {
  for (const Descriptor& component : plugin.components) {
    if (component.kind == kind && component.name == name) return &component;
  }
  return nullptr;
}

// The Context of one component: the services, under the component's name.
class Lent final : public Logger, public MetricSink {
 public:
  Lent(std::string component, Services& services, fs::path resources)
      : component_(std::move(component)),
        services_(services),
        context_{*this, *this, services.generator(), std::move(resources)} {}

  void info(std::string_view message) override { services_.log(LogLevel::Info, component_, message); }
  void warn(std::string_view message) override { services_.log(LogLevel::Warning, component_, message); }
  void report(std::string_view name, const at::Tensor& value) override { services_.report(component_, name, value); }
  Context& context() { return context_; }

 private:
  std::string component_;
  Services& services_;
  Context context_;
};

}  // namespace

Registry::Registry(std::span<const fs::path> folders) {
  for (const fs::path& folder : folders) scan(folder);
}

std::vector<fs::path> Registry::search_folders(std::span<const std::string> plugin_path) {
  std::vector<fs::path> folders(plugin_path.begin(), plugin_path.end());
  if (const char* variable = std::getenv("RETORT_PLUGIN_PATH")) {
    std::string_view rest = variable;
    while (!rest.empty()) {
      const std::string_view folder = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  folders.push_back(fs::path(boost::dll::program_location().parent_path().string()) / "../lib/retort/plugins");
  return folders;
}

void Registry::scan(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> manifests, libraries;
  for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
       it != end && !error; it.increment(error)) {
    if (it->path().string().ends_with(kManifestSuffix)) manifests.push_back(fs::canonical(it->path()));
    // NAME.cuda.so holds the CUDA kernels of NAME.so, which opens it (retort_add_kernels).
    const bool kernels = it->path().filename().string().ends_with(".cuda.so");
    if (it->path().extension() == ".so" && !kernels) libraries.push_back(fs::canonical(it->path()));
  }
  std::sort(manifests.begin(), manifests.end());
  std::sort(libraries.begin(), libraries.end());
  const auto known = [this](const fs::path& library) {
    return std::any_of(plugins_.begin(), plugins_.end(), [&](const auto& plugin) { return plugin.library == library; });
  };
  for (const fs::path& manifest : manifests) {
    PluginInfo plugin = read_plugin(manifest);
    if (!known(plugin.library)) plugins_.push_back(std::move(plugin));
  }
  for (const fs::path& library : libraries) {
    if (!known(library)) {
      plugins_.push_back({library,
                          "",
                          {},
                          "it has no manifest (" + library.stem().string() + std::string(kManifestSuffix) +
                              " beside it); retort_add_plugin writes one"});
    }
  }
}

std::vector<const Descriptor*> Registry::components(Kind kind) const {
  std::vector<const Descriptor*> found;
  for (const PluginInfo& plugin : plugins_) {
    for (const Descriptor& component : plugin.components) {
      if (component.kind == kind) found.push_back(&component);
    }
  }
  return found;
}

const PluginInfo& Registry::add_explicit(const fs::path& library) const {
  auto [entry, added] = explicit_.try_emplace(library);
  PluginInfo& plugin = entry->second;
  if (!added) return plugin;
  plugin.library = library;
  try {
    plugin.sha256 = file_sha256(library);
    for (const Component& component : load(library)->manifest().components) {
      if (const auto found = problems(component.descriptor); !found.empty()) throw Error(found.front());
      plugin.components.push_back(component.descriptor);
    }
  } catch (const std::exception& error) {
    plugin.unusable = error.what();
  }
  return plugin;
}

std::vector<const PluginInfo*> Registry::providers(const config::ComponentSpec& spec) const {
  if (spec.library) {
    const PluginInfo& plugin = add_explicit(spec.library->value);
    if (!plugin.unusable.empty() || offered(plugin, spec.kind, spec.use.value)) return {&plugin};
    return {};
  }
  std::vector<const PluginInfo*> found;
  for (const PluginInfo& plugin : plugins_) {
    if (offered(plugin, spec.kind, spec.use.value)) found.push_back(&plugin);
  }
  return found;
}

const std::string& Registry::check(const PluginInfo& plugin) const {
  const auto [entry, added] = checked_.try_emplace(plugin.library, plugin.unusable);
  std::string& reason = entry->second;
  if (!added || !reason.empty()) return reason;
  try {
    if (const auto actual = file_sha256(plugin.library); actual != plugin.sha256) {
      reason = "it is not the library its manifest describes (SHA-256 " + actual.substr(0, 12) +
               "…, the manifest says " + plugin.sha256.substr(0, 12) + "…); rebuild the plugin";
    } else {
      reason = stamp_difference(read_stamp(plugin.library), host_stamp());
    }
  } catch (const std::exception& error) {
    reason = error.what();
  }
  return reason;
}

const Descriptor* Registry::find(const config::ComponentSpec& spec, config::Diagnostics& diagnostics) const {
  const std::string what = std::string(kind_name(spec.kind)) + " '" + spec.use.value + "'";
  const auto plugins = providers(spec);
  if (plugins.empty()) {
    std::vector<std::string> names;
    if (spec.library) {
      for (const Descriptor& component : add_explicit(spec.library->value).components) {
        if (component.kind == spec.kind) names.push_back(component.name);
      }
    } else {
      for (const Descriptor* component : components(spec.kind)) names.push_back(component->name);
    }
    std::sort(names.begin(), names.end());
    const std::string where = spec.library ? " in " + spec.library->value.string() : "";
    diagnostics.error(spec.use.origin, "there is no " + what + where + did_you_mean(spec.use.value, names) +
                                           " (available: " + (names.empty() ? "none" : join(names)) + ")");
    return nullptr;
  }
  if (plugins.size() > 1) {
    diagnostics.plugin_error(spec.use.origin,
                             what + " is offered by two plugins: " + plugins[0]->library.string() + " and " +
                                 plugins[1]->library.string() +
                                 "; name one with library = \"…\", or take one out of the plugin path");
    return nullptr;
  }
  if (const std::string& reason = check(*plugins[0]); !reason.empty()) {
    diagnostics.plugin_error(spec.library ? spec.library->origin : spec.use.origin,
                             what + " cannot be used: " + plugins[0]->library.string() + ": " + reason);
    return nullptr;
  }
  return offered(*plugins[0], spec.kind, spec.use.value);
}

std::shared_ptr<Plugin> Registry::load(const fs::path& library) const {
  auto& plugin = loaded_[library];
  if (!plugin) plugin = std::make_shared<Plugin>(library);
  return plugin;
}

std::pair<std::shared_ptr<Plugin>, const Component*> Registry::component(const config::ComponentSpec& spec) const {
  const auto plugins = providers(spec);
  if (plugins.empty()) throw Error("is not offered by any plugin");
  const std::shared_ptr<Plugin> plugin = load(plugins[0]->library);
  for (const Component& component : plugin->manifest().components) {
    if (component.descriptor.kind == spec.kind && component.descriptor.name == spec.use.value) {
      return {plugin, &component};
    }
  }
  throw Error("is promised by the manifest of " + plugin->path().string() + ", but the library does not offer it");
}

void Registry::note_created(const Descriptor& descriptor) {
  const auto same = [&](const Descriptor& other) {
    return other.kind == descriptor.kind && other.name == descriptor.name;
  };
  if (std::none_of(created_.begin(), created_.end(), same)) created_.push_back(descriptor);
}

template <class Interface, class Factory, class... Shapes>
std::shared_ptr<Interface> Registry::make(const config::ComponentSpec& spec, Services& services,
                                          const Shapes&... shapes) {
  return guarded(spec, "while being created", [&] {
    const auto [plugin, entry] = component(spec);
    auto lent = std::make_shared<Lent>(spec.key, services, plugin->resources());
    // The deleter is the host's code and holds what the object needs to the end: its library and its context.
    auto release = [keep_library = plugin, keep_context = lent](Interface* object) { delete object; };
    std::shared_ptr<Interface> object(std::get<Factory>(entry->factory)(shapes..., spec.params, lent->context()),
                                      std::move(release));
    note_created(entry->descriptor);
    return object;
  });
}

std::shared_ptr<Loss> Registry::make_loss(const config::ComponentSpec& spec, Services& services) {
  return make<Loss, LossFactory>(spec, services);
}

std::shared_ptr<Projector> Registry::make_projector(const config::ComponentSpec& spec, const ProjectorShapes& shapes,
                                                    Services& services) {
  return make<Projector, ProjectorFactory>(spec, services, shapes);
}

std::shared_ptr<Normalization> Registry::make_normalization(const config::ComponentSpec& spec, const Shape& shape,
                                                            Services& services) {
  return make<Normalization, NormalizationFactory>(spec, services, shape);
}

std::shared_ptr<Model> Registry::make_model(const config::ComponentSpec& spec, Services& services) {
  return make<Model, ModelFactory>(spec, services);
}

std::shared_ptr<Dataset> Registry::make_dataset(const config::ComponentSpec& spec, Services& services) {
  return make<Dataset, DatasetFactory>(spec, services);
}

std::vector<std::pair<std::string, std::string>> Registry::loaded() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [library, plugin] : loaded_) {
    if (plugin) result.emplace_back(library.string(), file_sha256(library));
  }
  return result;
}

}  // namespace retort::registry
