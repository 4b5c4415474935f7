#include "member_problems.hpp"

#include <algorithm>

namespace retort::study {
namespace {

std::string concerned(const std::vector<std::string>& names, std::size_t members) {
  if (names.size() == members) return "every member";
  if (names.size() == 1) return "member " + names.front();
  const std::size_t others = names.size() - 1;
  return "member " + names.front() + " and " + std::to_string(others) + (others == 1 ? " other" : " others");
}

}  // namespace

void MemberProblems::add(const std::string& member, const config::Diagnostics& found) {
  add(member, Severity::Error, found.errors());
  add(member, Severity::PluginError, found.plugin_errors());
  add(member, Severity::Warning, found.warnings());
}

void MemberProblems::add(const std::string& member, const config::Origin& origin, const std::string& message) {
  add(member, Severity::Error, {{origin, message}});
}

void MemberProblems::add(const std::string& member, Severity severity, const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) {
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.severity == severity && entry.problem.message == problem.message &&
             entry.problem.origin.text() == problem.origin.text();
    });
    if (known == entries_.end()) {
      entries_.push_back({severity, problem, {member}});
    } else if (known->members.back() != member) {
      known->members.push_back(member);
    }
  }
}

void MemberProblems::report(std::size_t members, config::Diagnostics& diagnostics) const {
  for (const Entry& entry : entries_) {
    const std::string message = entry.problem.message + " (" + concerned(entry.members, members) + ")";
    switch (entry.severity) {
      case Severity::Error:
        diagnostics.error(entry.problem.origin, message);
        break;
      case Severity::PluginError:
        diagnostics.plugin_error(entry.problem.origin, message);
        break;
      case Severity::Warning:
        diagnostics.warn(entry.problem.origin, message);
        break;
    }
  }
}

}  // namespace retort::study
