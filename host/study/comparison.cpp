#include "comparison.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

namespace retort::study {
namespace {

std::vector<const ComparedRun*> finished_runs(const ComparedRuns& runs) {
  std::vector<const ComparedRun*> finished;
  for (const ComparedRun& run : runs.runs) {
    if (run.state == "finished") finished.push_back(&run);
  }
  return finished;
}

std::vector<std::string> metrics_of(const ComparedRun& run) {
  std::vector<std::string> names;
  if (run.run.stages.empty()) return names;
  for (const auto& [name, value] : run.run.stages.back().items()) {
    if (value.is_number()) names.push_back(name);
  }
  return names;
}

double value_of(const ComparedRun& run, const std::string& metric) {
  if (const auto value = run.run.value(metric)) return *value;
  const std::vector<std::string> known = metrics_of(run);
  throw InvalidParameter("the run " + run.name + " has no metric '" + metric + "'" + did_you_mean(metric, known) +
                         " (metrics: " + join(known) + ")");
}

ComparedGroup& group_named(std::vector<ComparedGroup>& groups, const std::string& name) {
  const auto known = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.name == name; });
  if (known != groups.end()) return *known;
  groups.push_back({.name = name});
  return groups.back();
}

std::vector<ComparedGroup> make_groups(const std::vector<const ComparedRun*>& finished, const ComparedRuns& runs,
                                       const std::string& metric) {
  std::vector<ComparedGroup> groups;
  for (const ComparedRun* run : finished) {
    ComparedGroup& group = group_named(groups, run->group);
    group.values.emplace_back(run->seed, value_of(*run, metric));
    group.seconds += run->run.seconds();
  }
  for (ComparedGroup& group : groups) {
    std::sort(group.values.begin(), group.values.end());
    std::vector<double> values;
    for (const auto& [seed, value] : group.values) values.push_back(value);
    group.moments = moments(values);
    group.seconds /= static_cast<double>(values.size());
    const auto published = runs.published.find(group.name);
    if (published != runs.published.end() && metric == "top1") group.published = published->second;
  }
  return groups;
}

void subtract_baseline(std::vector<ComparedGroup>& groups, const std::string& baseline) {
  std::vector<std::string> names;
  for (const ComparedGroup& group : groups) names.push_back(group.name);
  if (std::find(names.begin(), names.end(), baseline) == names.end()) {
    throw InvalidParameter("there is no group '" + baseline + "' with a finished run" + did_you_mean(baseline, names) +
                           " (groups: " + join(names) + ")");
  }
  const auto reference = group_named(groups, baseline).values;
  const std::map<std::int64_t, double> by_seed(reference.begin(), reference.end());
  for (ComparedGroup& group : groups) {
    if (group.name == baseline) continue;
    std::vector<double> differences;
    for (const auto& [seed, value] : group.values) {
      if (const auto other = by_seed.find(seed); other != by_seed.end()) differences.push_back(value - other->second);
    }
    group.difference = paired_difference(differences);
  }
}

// A sentence for each circumstance in which the runs differ.
std::vector<std::string> find_mismatches(const std::vector<const ComparedRun*>& finished) {
  std::map<std::string, std::map<std::string, std::vector<std::string>>> runs_by_fact;  // fact, value, names
  std::set<std::string> facts;
  for (const ComparedRun* run : finished) {
    for (const auto& [fact, value] : run->circumstances) facts.insert(fact);
  }
  for (const ComparedRun* run : finished) {
    for (const std::string& fact : facts) {
      const auto found = run->circumstances.find(fact);
      runs_by_fact[fact][found == run->circumstances.end() ? "unknown" : found->second].push_back(run->name);
    }
  }
  std::vector<std::string> sentences;
  for (const auto& [fact, values] : runs_by_fact) {
    if (values.size() < 2) continue;
    std::vector<std::string> parts;
    for (const auto& [value, names] : values) {
      parts.push_back(value + " in " + names.front() +
                      (names.size() > 1 ? " and " + std::to_string(names.size() - 1) + " more" : ""));
    }
    sentences.push_back("the runs differ in their " + fact + ": " + join(parts, "; "));
  }
  return sentences;
}

}  // namespace

bool Comparison::is_ratio() const {
  static const std::set<std::string> ratios{"top1", "top5", "best_top1", "teacher_agreement", "teacher_top1"};
  return ratios.contains(metric);
}

Comparison compare(const ComparedRuns& runs, const std::string& metric, const std::string& baseline) {
  Comparison comparison{.metric = metric, .baseline = baseline};
  for (const ComparedRun& run : runs.runs) {
    if (run.state != "finished") comparison.unfinished.push_back(&run);
  }
  const auto finished = finished_runs(runs);
  if (finished.empty()) throw InvalidParameter("none of these runs is finished: there is nothing to compare");
  comparison.groups = make_groups(finished, runs, metric);
  if (!baseline.empty()) subtract_baseline(comparison.groups, baseline);
  comparison.mismatches = find_mismatches(finished);
  return comparison;
}

}  // namespace retort::study
