#include "abi_stamp.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <vector>

#include <retort/abi.hpp>
#include <retort/error.hpp>

namespace retort::registry {
namespace {

constexpr std::string_view kSection = ".retort.abi";
constexpr std::size_t kLongestStamp = 4096;

template <class T>
T read_at(std::ifstream& file, std::uint64_t offset) {
  T value;
  file.seekg(static_cast<std::streamoff>(offset));
  if (!file.read(reinterpret_cast<char*>(&value), sizeof value)) throw Error("no plugin: the file is truncated");
  return value;
}

// The zero-terminated text at `offset`, of at most `size` characters.
std::string read_text(std::ifstream& file, std::uint64_t offset, std::uint64_t size) {
  std::string text(std::min<std::uint64_t>(size, kLongestStamp), '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  file.clear();
  return text.substr(0, text.find('\0'));
}

std::map<std::string, std::string> keys_of(std::string_view stamp) {
  std::map<std::string, std::string> keys;
  while (!stamp.empty()) {
    const std::string_view entry = stamp.substr(0, stamp.find(';'));
    stamp.remove_prefix(std::min(stamp.size(), entry.size() + 1));
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos) keys.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return keys;
}

}  // namespace

std::string_view host_stamp() {
  return RETORT_ABI_STAMP;
}

std::string read_stamp(const std::filesystem::path& library) {
  std::ifstream file(library, std::ios::binary);
  if (!file) throw Error("cannot be read");
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) throw Error("no plugin: it is not a shared library (ELF)");
  if (header.e_ident[EI_CLASS] != ELFCLASS64) throw Error("no plugin: it is not a 64-bit library");
  const auto section = [&](std::uint64_t index) {
    return read_at<Elf64_Shdr>(file, header.e_shoff + index * header.e_shentsize);
  };
  const auto names = section(header.e_shstrndx);
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto current = section(i);
    if (read_text(file, names.sh_offset + current.sh_name, kSection.size() + 1) == kSection) {
      return read_text(file, current.sh_offset, current.sh_size);
    }
  }
  throw Error("no plugin: it has no " + std::string(kSection) + " section; is RETORT_PLUGIN missing?");
}

std::string stamp_difference(std::string_view plugin, std::string_view host) {
  const auto plugin_keys = keys_of(plugin), host_keys = keys_of(host);
  auto all = host_keys;
  all.insert(plugin_keys.begin(), plugin_keys.end());
  const auto value = [](const auto& keys, const std::string& key) {
    const auto found = keys.find(key);
    return found == keys.end() ? std::string("(none)") : found->second;
  };
  std::string differing, mine, theirs;
  for (const auto& [key, unused] : all) {
    const std::string a = value(plugin_keys, key), b = value(host_keys, key);
    if (a == b) continue;
    differing += (differing.empty() ? "" : ", ") + key;
    theirs += " " + key + "=" + a;
    mine += " " + key + "=" + b;
  }
  if (differing.empty()) return "";
  return "built against another SDK (" + differing + " differ)\n  plugin:" + theirs + "\n  host:  " + mine +
         "\n  rebuild the plugin against this host's SDK";
}

}  // namespace retort::registry
