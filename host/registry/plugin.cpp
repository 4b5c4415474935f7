#include "plugin.hpp"

#include <retort/error.hpp>

#include "abi_stamp.hpp"

namespace retort::registry {

Plugin::Plugin(const std::filesystem::path& library) : path_(library) {
  if (const std::string difference = stamp_difference(read_stamp(library), host_stamp()); !difference.empty()) {
    throw Error(difference);
  }
  try {
    library_.load(library.string(), boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    manifest_ = &library_.get<const Manifest&()>("retort_plugin_manifest")();
  } catch (const std::exception& error) {
    throw Error(std::string("cannot be loaded: ") + error.what());
  }
}

std::filesystem::path Plugin::resources() const {
  auto folder = path_;
  return folder.replace_extension(".data");
}

}  // namespace retort::registry
