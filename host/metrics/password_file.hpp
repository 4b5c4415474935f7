#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace retort::metrics {

// Names the file, the line, and what was expected there.
class PasswordFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Who may read the metrics: a file of lines `name:hash`, as `htpasswd -B` writes them (bcrypt), or with any other hash
// that crypt(5) knows and does not call weak. Empty lines and those that begin with # are skipped.
class PasswordFile {
 public:
  // Throws PasswordFileError when the file cannot be read, has no user, or a line is not of that kind.
  explicit PasswordFile(const std::filesystem::path& file);

  // Whether the value of an HTTP Authorization header (RFC 7617, Basic) names one of them with his password. One at a
  // time, and as long for an unknown name as for a wrong password: a hash costs a good part of a core's 100 ms. What
  // was right the last time is known without it. [any thread]
  bool accepts(std::string_view authorization) const;

 private:
  bool matches(const std::string& name, const std::string& password) const;

  std::map<std::string, std::string> hashes_;  // by name
  mutable std::mutex mutex_;
  mutable std::string accepted_;  // SHA-256 of the header that was right the last time
};

}  // namespace retort::metrics
