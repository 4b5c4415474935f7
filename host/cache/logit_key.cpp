#include "logit_key.hpp"

#include "sha256.hpp"

namespace retort::cache {

std::string LogitKey::hash() const {
  Sha256 hash;
  for (const auto& [name, value] : facts_) {
    hash.add_field(name.data(), name.size());
    hash.add_field(value.data(), value.size());
  }
  return hash.hexadecimal();
}

std::string LogitKey::text() const {
  std::string text;
  for (const auto& [name, value] : facts_) text += name + ": " + value + "\n";
  return text;
}

}  // namespace retort::cache
