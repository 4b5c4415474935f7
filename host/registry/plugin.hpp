#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <boost/dll/shared_library.hpp>

#include <retort/component.hpp>

namespace retort::registry {

// A loaded plugin. Every object made from it holds a shared_ptr to it; its code is never unmapped (-z nodelete), since
// an autograd graph may still point into it when the last object is gone.
class Plugin {
 public:
  // Checks the stamp, then loads. Throws Error with the reason, without the path.
  explicit Plugin(const std::filesystem::path& library);

  const Manifest& manifest() const { return *manifest_; }
  const std::filesystem::path& path() const { return path_; }
  // The folder of the files shipped with the plugin.
  std::filesystem::path resources() const;

 private:
  std::filesystem::path path_;
  boost::dll::shared_library library_;
  const Manifest* manifest_ = nullptr;
};

}  // namespace retort::registry
