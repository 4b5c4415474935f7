#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <retort/component.hpp>
#include <retort/dataset.hpp>
#include <retort/loss.hpp>
#include <retort/model.hpp>
#include <retort/normalization.hpp>
#include <retort/projector.hpp>

#include "config/catalog.hpp"
#include "config/experiment.hpp"
#include "guard.hpp"
#include "plugin.hpp"
#include "services.hpp"

namespace retort::registry {

// One library that a search folder offers, known from its manifest alone.
struct PluginInfo {
  std::filesystem::path library;
  std::string sha256;
  std::vector<Descriptor> components;
  std::string unusable;  // what its manifest already speaks against it; "" when nothing does
};

// All plugins that can be found, and the factory of their components. Libraries are loaded when a component of theirs
// is created, and only then.
class Registry : public config::Catalog {
 public:
  // Reads the manifests in and below `folders`; what is wrong with one is kept in its PluginInfo.
  explicit Registry(std::span<const std::filesystem::path> folders);

  // `plugin_path` (the command line's), then RETORT_PLUGIN_PATH, then the plugins installed with the program.
  static std::vector<std::filesystem::path> search_folders(std::span<const std::string> plugin_path);

  const std::vector<PluginInfo>& plugins() const { return plugins_; }
  std::vector<const Descriptor*> components(Kind kind) const;

  // Why a plugin cannot be used, after a look at its library; "" when nothing speaks against it.
  const std::string& check(const PluginInfo& plugin) const;

  // Also checks the library behind the component: it exists, is the one its manifest describes, and fits this host.
  const Descriptor* find(const config::ComponentSpec& spec, config::Diagnostics& diagnostics) const override;

  // The creators throw ComponentError. `services` outlives what they return.
  std::shared_ptr<Loss> make_loss(const config::ComponentSpec& spec, Services& services);
  std::shared_ptr<Projector> make_projector(const config::ComponentSpec& spec, const ProjectorShapes& shapes,
                                            Services& services);
  std::shared_ptr<Normalization> make_normalization(const config::ComponentSpec& spec, const Shape& shape,
                                                    Services& services);
  std::shared_ptr<Model> make_model(const config::ComponentSpec& spec, Services& services);
  std::shared_ptr<Dataset> make_dataset(const config::ComponentSpec& spec, Services& services);

  // The libraries loaded so far: path and SHA-256.
  std::vector<std::pair<std::string, std::string>> loaded() const;
  // The components created so far, each once.
  const std::vector<Descriptor>& created() const { return created_; }

 private:
  void scan(const std::filesystem::path& folder);
  const PluginInfo& add_explicit(const std::filesystem::path& library) const;
  // The plugins that offer `spec`.
  std::vector<const PluginInfo*> providers(const config::ComponentSpec& spec) const;
  std::shared_ptr<Plugin> load(const std::filesystem::path& library) const;
  std::pair<std::shared_ptr<Plugin>, const Component*> component(const config::ComponentSpec& spec) const;

  void note_created(const Descriptor& descriptor);

  template <class Interface, class Factory, class... Shapes>
  std::shared_ptr<Interface> make(const config::ComponentSpec& spec, Services& services, const Shapes&... shapes);

  std::vector<PluginInfo> plugins_;
  // Looking a component up may read its library: what was found is kept.
  mutable std::map<std::filesystem::path, PluginInfo> explicit_;  // named by `library = ...`
  mutable std::map<std::filesystem::path, std::shared_ptr<Plugin>> loaded_;
  mutable std::map<std::filesystem::path, std::string> checked_;  // what check() found, by library
  std::vector<Descriptor> created_;
};

}  // namespace retort::registry
