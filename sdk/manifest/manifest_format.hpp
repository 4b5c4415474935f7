#pragma once

#include <string>
#include <vector>

#include <retort/component.hpp>
#include <retort/value.hpp>

// What stands in a <plugin>.plugin.toml file.
namespace retort {

inline constexpr std::int64_t kManifestFormat = 1;

struct PluginFile {
  std::string library;  // file name, beside the manifest
  std::string sha256;   // of the library, hexadecimal
  std::string abi;      // its stamp
  std::vector<Descriptor> components;
};

// As TOML text.
std::string write_manifest(const PluginFile& plugin);

// From the parsed TOML; throws Error naming the entry that is missing or malformed.
PluginFile read_manifest(const Table& document);

}  // namespace retort
