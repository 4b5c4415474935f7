#include "diagnostics.hpp"

#include <algorithm>
#include <tuple>

namespace retort::config {
namespace {

// The sources of problems: files in the order in which they were first complained of, then options ("--set #2").
std::vector<std::string> ordered_sources(const std::vector<Problem>& problems) {
  std::vector<std::string> sources;
  for (const Problem& problem : problems) {
    if (std::find(sources.begin(), sources.end(), problem.origin.source) == sources.end()) {
      sources.push_back(problem.origin.source);
    }
  }
  std::stable_sort(sources.begin(), sources.end(), [](const std::string& a, const std::string& b) {
    if (!a.starts_with('-') || !b.starts_with('-')) return !a.starts_with('-') && b.starts_with('-');
    return std::pair(a.size(), a) < std::pair(b.size(), b);  // by length first: #2 before #10
  });
  return sources;
}

// One problem a line, in the order of each source's text.
std::string lines(const std::vector<Problem>& problems, const char* severity) {
  const std::vector<std::string> sources = ordered_sources(problems);
  const auto rank = [&sources](const Problem& problem) {
    return std::find(sources.begin(), sources.end(), problem.origin.source) - sources.begin();
  };
  std::vector<Problem> sorted = problems;
  std::stable_sort(sorted.begin(), sorted.end(), [&rank](const Problem& a, const Problem& b) {
    return std::tuple(rank(a), a.origin.line, a.origin.column) < std::tuple(rank(b), b.origin.line, b.origin.column);
  });
  std::string text;
  for (const Problem& problem : sorted) text += problem.origin.text() + ": " + severity + ": " + problem.message + "\n";
  return text;
}

}  // namespace

std::string Origin::text() const {
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void Diagnostics::add(std::vector<Problem>& problems, Origin origin, std::string message) {
  if (!seen_.insert(origin.text() + ": " + message).second) return;
  problems.push_back({std::move(origin), std::move(message)});
}

void Diagnostics::error(Origin origin, std::string message) {
  add(errors_, std::move(origin), std::move(message));
}

void Diagnostics::plugin_error(Origin origin, std::string message) {
  add(plugin_errors_, std::move(origin), std::move(message));
}

void Diagnostics::warn(Origin origin, std::string message) {
  add(warnings_, std::move(origin), std::move(message));
}

std::string Diagnostics::text() const {
  return lines(errors_, "error") + lines(plugin_errors_, "error") + lines(warnings_, "warning");
}

int Diagnostics::exit_code() const {
  if (!errors_.empty()) return 2;
  return plugin_errors_.empty() ? 0 : 3;
}

void Diagnostics::throw_if_failed() const {
  if (failed()) throw Rejected(text(), exit_code());
}

void reject(const Origin& origin, const std::string& message) {
  Diagnostics diagnostics;
  diagnostics.error(origin, message);
  throw Rejected(diagnostics.text(), diagnostics.exit_code());
}

}  // namespace retort::config
