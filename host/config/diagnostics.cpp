#include "diagnostics.hpp"

#include <algorithm>
#include <tuple>

namespace retort::config {
namespace {

// One problem a line, in the order of each source's text; sources in the order in which they were first complained of.
std::string lines(const std::vector<Problem>& problems, const char* severity) {
  std::vector<std::string> sources;
  const auto rank = [&sources](const std::string& source) {
    return std::find(sources.begin(), sources.end(), source) - sources.begin();
  };
  for (const Problem& problem : problems) {
    if (rank(problem.origin.source) == std::ssize(sources)) sources.push_back(problem.origin.source);
  }
  std::vector<Problem> sorted = problems;
  std::stable_sort(sorted.begin(), sorted.end(), [&rank](const Problem& a, const Problem& b) {
    return std::tuple(rank(a.origin.source), a.origin.line, a.origin.column) <
           std::tuple(rank(b.origin.source), b.origin.line, b.origin.column);
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

}  // namespace retort::config
