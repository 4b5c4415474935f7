#include "comparison.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

namespace retort::study {
namespace {

constexpr std::size_t kHashDigits = 12;  // shown of a plugin's SHA-256

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
    if (metric == "top1" && !group.published) group.published = run->published;
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

using RunsByValue = std::map<std::string, std::vector<std::string>>;

// "the runs differ in their device: cpu in a and 3 more; cuda in b"
std::string mismatch(const std::string& fact, const RunsByValue& runs_by_value) {
  std::vector<std::string> parts;
  for (const auto& [value, names] : runs_by_value) {
    parts.push_back(value + " in " + names.front() +
                    (names.size() > 1 ? " and " + std::to_string(names.size() - 1) + " more" : ""));
  }
  return "the runs differ in their " + fact + ": " + join(parts, "; ");
}

// A sentence for each circumstance in which the runs differ.
std::vector<std::string> find_mismatches(const std::vector<const ComparedRun*>& finished) {
  std::map<std::string, RunsByValue> by_fact;
  for (const ComparedRun* run : finished) {
    for (const auto& [fact, value] : run->circumstances) by_fact[fact];
  }
  for (auto& [fact, runs_by_value] : by_fact) {
    for (const ComparedRun* run : finished) {
      const auto found = run->circumstances.find(fact);
      runs_by_value[found == run->circumstances.end() ? "unknown" : found->second].push_back(run->name);
    }
  }
  // A run may do without a plugin that another one uses.
  for (const ComparedRun* run : finished) {
    for (const auto& [library, hash] : run->plugins) {
      by_fact["plugin " + library][hash.substr(0, kHashDigits)].push_back(run->name);
    }
  }
  std::vector<std::string> sentences;
  for (const auto& [fact, runs_by_value] : by_fact) {
    if (runs_by_value.size() > 1) sentences.push_back(mismatch(fact, runs_by_value));
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
  for (const ComparedRun* run : finished) comparison.logit_cache.add(run->run.stages);
  return comparison;
}

}  // namespace retort::study
