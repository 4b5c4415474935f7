#pragma once

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace retort::config {

// Where a value came from. `source` is a file's path, or "--set #2", "default", "built-in"; line and column are 1-based
// and 0 when the source has none.
struct Origin {
  std::string source;
  int line = 0;
  int column = 0;

  // "experiment.toml:12:3", "--set #2"
  std::string text() const;
};

struct Problem {
  Origin origin;
  std::string message;
};

// Collects everything that is wrong before anybody is told: a user sees all mistakes of a file at once.
class Diagnostics {
 public:
  // A mistake in what the user wrote: exit code 2.
  void error(Origin origin, std::string message);
  // A plugin that is needed and cannot be used: exit code 3.
  void plugin_error(Origin origin, std::string message);
  void warn(Origin origin, std::string message);

  bool failed() const { return !errors_.empty() || !plugin_errors_.empty(); }
  const std::vector<Problem>& errors() const { return errors_; }
  const std::vector<Problem>& plugin_errors() const { return plugin_errors_; }
  const std::vector<Problem>& warnings() const { return warnings_; }

  // One problem a line: "file:line:col: error: message"; errors before warnings, each in the order of the file.
  std::string text() const;
  // 2 if there is an error of the user's, else 3 if a plugin failed, else 0.
  int exit_code() const;
  // Throws Rejected when something failed.
  void throw_if_failed() const;

 private:
  // Stages repeat what they inherit: a mistake is told once.
  void add(std::vector<Problem>& problems, Origin origin, std::string message);

  std::set<std::string> seen_;
  std::vector<Problem> errors_;
  std::vector<Problem> plugin_errors_;
  std::vector<Problem> warnings_;
};

// The input was refused; what() is the whole report, ready to print.
class Rejected : public std::runtime_error {
 public:
  Rejected(std::string text, int exit_code) : std::runtime_error(std::move(text)), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// Throws Rejected with this one mistake of the user's.
[[noreturn]] void reject(const Origin& origin, const std::string& message);

}  // namespace retort::config
