#include "targets.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

#include "config/keys.hpp"

namespace retort::study {
namespace {

std::vector<std::string> tables_of_an_experiment() {
  std::vector<std::string> names;
  for (const ParamSpec& spec : config::experiment_keys()) {
    if (spec.name != "study" && spec.name != "published") names.push_back(spec.name);
  }
  return names;
}

// The path from part `begin` on, as it is written.
std::string path_text(const config::KeyPath& path, std::size_t begin = 0) {
  std::string text;
  for (std::size_t i = begin; i < path.size(); ++i) {
    if (const auto* key = std::get_if<std::string>(&path[i])) {
      text = config::join_key(text, *key);
    } else {
      text += fmt::format("[{}]", std::get<std::size_t>(path[i]));
    }
  }
  return text;
}

// What speaks against setting the key; "" when nothing does.
std::string objection(const config::KeyPath& path, const std::string& text) {
  const std::string& table = std::get<std::string>(path.front());
  const std::vector<std::string> tables = tables_of_an_experiment();
  if (std::find(tables.begin(), tables.end(), table) == tables.end()) {
    return "there is no table '" + table + "' in an experiment" + did_you_mean(table, tables) +
           " (tables: " + join(tables) + ")";
  }
  if (path.size() < 2) return "expected a key in the table '" + table + "'";
  if (text == "run.name" || text == "run.directory") return "the study itself names the directories of its runs";
  return "";
}

// The end of the path with `parts` parts; no label begins with an index.
std::string ending(const Target& target, std::size_t parts) {
  std::size_t begin = target.path.size() - std::min(parts, target.path.size());
  while (begin > 0 && std::holds_alternative<std::size_t>(target.path[begin])) --begin;
  return path_text(target.path, begin);
}

}  // namespace

std::optional<Target> read_target(const config::Node::Entry& entry, const std::string& where,
                                  config::Diagnostics& diagnostics) {
  const auto fail = [&](const std::string& message) {
    diagnostics.error(entry.key_origin, where + "." + config::key_text(entry.key) + ": " + message);
    return std::nullopt;
  };
  try {
    Target target{.path = config::parse_key_path(entry.key == "seed" ? "run.seed" : entry.key),
                  .origin = entry.key_origin};
    target.text = path_text(target.path);
    const std::string problem = objection(target.path, target.text);
    if (!problem.empty()) return fail(problem);
    return target;
  } catch (const Error& error) {
    return fail(error.what());
  }
}

void label_targets(const std::vector<Target*>& targets) {
  for (Target* target : targets) {
    for (std::size_t parts = 1; parts <= target->path.size(); ++parts) {
      target->label = ending(*target, parts);
      const auto same = [&](const Target* other) { return other != target && ending(*other, parts) == target->label; };
      if (std::none_of(targets.begin(), targets.end(), same)) break;
    }
  }
}

}  // namespace retort::study
