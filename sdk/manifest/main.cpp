// retort-manifest LIBRARY OUTPUT: writes the manifest of a plugin that has just been built.
#include <dlfcn.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "manifest_format.hpp"
#include "sha256.hpp"

namespace {

template <class T>
T* symbol(void* library, const char* name) {
  void* address = dlsym(library, name);
  if (!address) throw retort::Error(std::string("it has no '") + name + "': is RETORT_PLUGIN missing?");
  return reinterpret_cast<T*>(address);
}

void run(const std::string& library_path, const std::string& output_path) {
  void* library = dlopen(std::filesystem::absolute(library_path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw retort::Error(dlerror());
  const auto* stamp = symbol<const char>(library, "retort_abi_stamp");
  auto* manifest = symbol<const retort::Manifest&()>(library, "retort_plugin_manifest");

  retort::PluginFile plugin{
      std::filesystem::path(library_path).filename().string(), retort::file_sha256(library_path), stamp, {}};
  for (const retort::Component& component : manifest().components) {
    if (const auto problems = retort::problems(component.descriptor); !problems.empty()) {
      throw retort::Error(problems.front());
    }
    plugin.components.push_back(component.descriptor);
  }

  const std::string text = retort::write_manifest(plugin);
  std::ofstream file(output_path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw retort::Error("cannot write " + output_path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: retort-manifest LIBRARY OUTPUT\n");
    return 2;
  }
  try {
    run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "retort-manifest: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
