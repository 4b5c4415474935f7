#pragma once

#include <string>
#include <vector>

#include "config/diagnostics.hpp"

namespace retort::study {

// What is wrong with members: a mistake that many of them share is told once, with those whom it concerns.
class MemberProblems {
 public:
  void add(const std::string& member, const config::Diagnostics& found);
  void add(const std::string& member, const config::Origin& origin, const std::string& message);

  // Tells all of it; `members` is how many there are.
  void report(std::size_t members, config::Diagnostics& diagnostics) const;

 private:
  enum class Severity { Error, PluginError, Warning };
  struct Entry {
    Severity severity;
    config::Problem problem;
    std::vector<std::string> members;
  };

  void add(const std::string& member, Severity severity, const std::vector<config::Problem>& problems);

  std::vector<Entry> entries_;
};

}  // namespace retort::study
