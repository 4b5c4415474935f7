#include "metrics/password_file.hpp"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace retort::metrics {
namespace {

constexpr std::size_t kLongestHeader = 1024;

std::string digest(std::string_view text) {
  std::vector<unsigned char> bytes(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr);
  return {bytes.begin(), bytes.begin() + size};
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

bool hashes_to(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();
  const char* const found = crypt_r(password.c_str(), hash.c_str(), data.get());
  return found && same(found, hash);
}

}  // namespace

PasswordFile::PasswordFile(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw PasswordFileError("cannot read " + file.string());
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    const auto fail = [&](const std::string& problem) {
      throw PasswordFileError(
          fmt::format("{}:{}: {}; expected name:hash, as `htpasswd -B` writes it", file.string(), number, problem));
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) fail("there is no name and colon");
    const std::string hash = line.substr(colon + 1);
    const int kind = crypt_checksalt(hash.c_str());
    if (kind == CRYPT_SALT_METHOD_LEGACY)
      fail("what follows the colon is no hash of a password, or one of a kind that is easy to break");
    if (kind != CRYPT_SALT_OK) fail("what follows the colon is no hash of a password");
    if (!hashes_.emplace(line.substr(0, colon), hash).second) fail("the name stands there twice");
  }
  if (hashes_.empty())
    throw PasswordFileError(file.string() + " names no user; expected lines name:hash, as `htpasswd -B` writes them");
}

bool PasswordFile::accepts(std::string_view authorization) const {
  constexpr std::string_view kScheme = "Basic ";
  if (authorization.size() > kLongestHeader || !authorization.starts_with(kScheme)) return false;
  const std::lock_guard lock(mutex_);
  const std::string known = digest(authorization);
  if (same(known, accepted_)) return true;
  const auto pair = from_base64(authorization.substr(kScheme.size()));
  if (!pair) return false;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos || !matches(pair->substr(0, colon), pair->substr(colon + 1))) return false;
  accepted_ = known;
  return true;
}

bool PasswordFile::matches(const std::string& name, const std::string& password) const {
  const auto user = hashes_.find(name);
  if (user != hashes_.end()) return hashes_to(password, user->second);
  hashes_to(password, hashes_.begin()->second);  // so that the time does not tell who is known
  return false;
}

}  // namespace retort::metrics
