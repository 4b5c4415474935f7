#include <dlfcn.h>

#include <retort/nearest.hpp>
#include <retort/testing.hpp>

namespace retort::testing {
namespace {

class SilentLogger final : public Logger {
 public:
  void info(std::string_view) override {}
  void warn(std::string_view) override {}
};

class RecordingSink final : public MetricSink {
 public:
  void report(std::string_view name, const at::Tensor& value) override {
    values.insert_or_assign(std::string(name), value);
  }

  std::map<std::string, torch::Tensor, std::less<>> values;
};

template <class T>
T* symbol(void* library, const char* name, const std::filesystem::path& path) {
  void* address = dlsym(library, name);
  if (!address) throw Error(path.string() + " is no plugin: it has no '" + name + "'; is RETORT_PLUGIN missing?");
  return reinterpret_cast<T*>(address);
}

// A test program that was moved to another machine has its plugins below the folder that RETORT_PLUGINS names.
std::filesystem::path find_library(const std::filesystem::path& library) {
  const char* const folder = std::getenv("RETORT_PLUGINS");
  if (!folder || std::filesystem::exists(library)) return std::filesystem::absolute(library);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == library.filename()) return entry.path();
  }
  return library;
}

}  // namespace

// Kept alive by the plugin and by everything it created.
struct Plugin::Services {
  SilentLogger log;
  RecordingSink metrics;
  Context context{log, metrics, at::detail::getDefaultCPUGenerator(), {}};
};

Plugin::Plugin(const std::filesystem::path& built) : services_(std::make_shared<Services>()) {
  const std::filesystem::path library = find_library(built);
  // Never closed: an autograd graph may still point into it.
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw Error(dlerror());
  const std::string stamp = symbol<const char>(handle, "retort_abi_stamp", library);
  if (stamp != RETORT_ABI_STAMP) {
    throw Error(library.string() + " was built with another SDK or compiler; rebuild it\n  plugin " + stamp +
                "\n  here   " RETORT_ABI_STAMP);
  }
  manifest_ = &symbol<const Manifest&()>(handle, "retort_plugin_manifest", library)();
  services_->context.resources = std::filesystem::path(library).replace_extension(".data");
}

const Component& Plugin::component(Kind kind, const std::string& name) const {
  std::vector<std::string> names;
  for (const Component& component : manifest_->components) {
    if (component.descriptor.kind != kind) continue;
    if (component.descriptor.name == name) return component;
    names.push_back(component.descriptor.name);
  }
  throw Error("the plugin offers no " + std::string(kind_name(kind)) + " '" + name + "'" + did_you_mean(name, names) +
              " (offered: " + join(names) + ")");
}

template <class Factory, class... Shapes>
auto Plugin::create(Kind kind, const std::string& name, const Shapes&... shapes, const Table& options) const {
  const auto& factory = std::get<Factory>(component(kind, name).factory);
  torch::manual_seed(seed_);
  auto* created = factory(shapes..., options, services_->context);
  using Interface = std::remove_pointer_t<decltype(created)>;
  return std::shared_ptr<Interface>(created, [services = services_](Interface* object) { delete object; });
}

std::shared_ptr<Loss> Plugin::loss(const std::string& name, const Table& options) const {
  return create<LossFactory>(Kind::Loss, name, options);
}

std::shared_ptr<Projector> Plugin::projector(const std::string& name, const ProjectorShapes& shapes,
                                             const Table& options) const {
  return create<ProjectorFactory, ProjectorShapes>(Kind::Projector, name, shapes, options);
}

std::shared_ptr<Normalization> Plugin::normalization(const std::string& name, const Shape& shape,
                                                     const Table& options) const {
  return create<NormalizationFactory, Shape>(Kind::Normalization, name, shape, options);
}

std::shared_ptr<Model> Plugin::model(const std::string& name, const Table& options) const {
  return create<ModelFactory>(Kind::Model, name, options);
}

std::shared_ptr<Dataset> Plugin::dataset(const std::string& name, const Table& options) const {
  return create<DatasetFactory>(Kind::Dataset, name, options);
}

const std::map<std::string, torch::Tensor, std::less<>>& Plugin::reported() const {
  return services_->metrics.values;
}

}  // namespace retort::testing
