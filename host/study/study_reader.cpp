#include "study_reader.hpp"

#include <algorithm>
#include <set>

#include <retort/nearest.hpp>

#include "config/keys.hpp"
#include "config/table_view.hpp"
#include "config/toml_text.hpp"
#include "config/validation.hpp"
#include "targets.hpp"

namespace retort::study {
namespace {

using config::Diagnostics;
using config::Node;
using config::TableView;

constexpr const char* kTargetsFolder = "targets";  // beside the runs: where their metrics are served
constexpr const char* kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+";

// The items of a list that must not be empty and must not repeat itself.
std::vector<Node> distinct_items(const Node& list, const std::string& key, Diagnostics& diagnostics) {
  std::vector<Node> items;
  if (!list.is_list()) return items;
  if (list.items().empty())
    diagnostics.error(list.origin(), key + ": expected at least one value, found an empty list");
  for (const Node& item : list.items()) {
    const auto same = [&item](const Node& other) { return other.value() == item.value(); };
    if (std::any_of(items.begin(), items.end(), same)) {
      diagnostics.error(item.origin(), key + ": the value " + to_toml(item.value()) + " is there twice");
    } else {
      items.push_back(item);
    }
  }
  return items;
}

std::vector<Axis> read_axes(const Node* table, Diagnostics& diagnostics) {
  std::vector<Axis> axes;
  if (!table || !table->is_table()) return axes;
  for (const Node::Entry& entry : table->entries()) {
    auto target = read_target(entry, "study.axes", diagnostics);
    auto values = distinct_items(entry.value, "study.axes." + config::key_text(entry.key), diagnostics);
    if (target) axes.push_back({std::move(*target), std::move(values)});
  }
  std::set<std::string> seeds;
  for (const Axis& axis : axes) {
    if (axis.target.is_seed()) seeds.insert(axis.target.text);
  }
  if (seeds.size() > 1) {
    diagnostics.error(table->origin(),
                      "study.axes: seed and student.seed are both axes; repetitions differ in one of them");
  }
  return axes;
}

// Two numbers in ascending order.
std::optional<std::pair<double, double>> read_bounds(const Node& list, const std::string& key,
                                                     Diagnostics& diagnostics) {
  if (!list.is_list()) return std::nullopt;
  std::vector<double> numbers;
  for (const Node& item : list.items()) {
    if (const auto number = config::scalar_as<double>(item)) numbers.push_back(*number);
  }
  if (numbers.size() != list.items().size()) return std::nullopt;  // validation has reported it
  if (numbers.size() == 2 && numbers[0] < numbers[1]) return std::pair(numbers[0], numbers[1]);
  diagnostics.error(list.origin(),
                    key + ": expected two numbers, the smaller one first, found " + to_toml(list.value()));
  return std::nullopt;
}

std::optional<Distribution> read_distribution(const Node& table, const std::string& key, Diagnostics& diagnostics) {
  if (!table.is_table()) return std::nullopt;
  if (table.entries().size() != 1) {
    diagnostics.error(table.origin(), key + ": expected one of uniform, log_uniform, integers, choices, found " +
                                          std::to_string(table.entries().size()) + " keys");
    return std::nullopt;
  }
  const Node::Entry& entry = table.entries().front();
  Distribution distribution{.origin = entry.value.origin()};
  const std::string path = key + "." + config::key_text(entry.key);
  if (entry.key == "choices") {
    distribution.kind = Distribution::Kind::Choices;
    distribution.choices = distinct_items(entry.value, path, diagnostics);
    return distribution;
  }
  const auto bounds = read_bounds(entry.value, path, diagnostics);
  if (!bounds) return std::nullopt;
  distribution.kind = entry.key == "uniform"       ? Distribution::Kind::Uniform
                      : entry.key == "log_uniform" ? Distribution::Kind::LogUniform
                                                   : Distribution::Kind::Integers;
  std::tie(distribution.min, distribution.max) = *bounds;
  if (distribution.kind == Distribution::Kind::Integers) {
    distribution.first = config::scalar_as<std::int64_t>(entry.value.items()[0]).value_or(0);
    distribution.last = config::scalar_as<std::int64_t>(entry.value.items()[1]).value_or(0);
  }
  return distribution;
}

std::optional<Sample> read_sample(const Node* table, Diagnostics& diagnostics) {
  if (!table || !table->is_table()) return std::nullopt;
  const TableView view(table);
  Sample sample{.origin = table->origin()};
  view.read("count", sample.count);
  view.read("seed", sample.seed);
  if (!view.find("count")) diagnostics.error(table->origin(), "study.sample.count: missing; expected an integer");
  const Node* const keys = view.find("keys");
  if (!keys || (keys->is_table() && keys->entries().empty())) {
    diagnostics.error(keys ? keys->origin() : table->origin(),
                      "study.sample.keys: expected at least one key with its distribution");
    return std::nullopt;
  }
  if (!keys->is_table()) return std::nullopt;
  for (const Node::Entry& entry : keys->entries()) {
    auto target = read_target(entry, "study.sample.keys", diagnostics);
    const std::string key = "study.sample.keys." + config::key_text(entry.key);
    auto distribution = read_distribution(entry.value, key, diagnostics);
    if (target && distribution) sample.keys.push_back({std::move(*target), std::move(*distribution)});
  }
  return sample;
}

// What a variant must leave to the study; nullptr when it does.
const Node* forbidden(const Node& changes, std::string& what) {
  for (const char* key : {"study", "extends"}) {
    if (const Node* found = changes.find(key)) {
      what = key;
      return found;
    }
  }
  const Node* const run = changes.find("run");
  for (const char* key : {"name", "directory"}) {
    if (const Node* found = run ? run->find(key) : nullptr) {
      what = std::string("run.") + key;
      return found;
    }
  }
  return nullptr;
}

std::vector<Variant> read_variants(const Node* table, Diagnostics& diagnostics) {
  std::vector<Variant> variants;
  if (!table || !table->is_table()) return variants;
  for (const Node::Entry& entry : table->entries()) {
    if (!entry.value.is_table()) continue;
    const std::string key = "study.variants." + config::key_text(entry.key);
    if (entry.key == kTargetsFolder) {
      diagnostics.error(entry.key_origin, key + ": the folder of that name is Prometheus'; expected another name");
    }
    if (entry.key.find_first_not_of(kNameCharacters) != std::string::npos || entry.key.front() == '.' ||
        entry.key.size() > 64) {
      diagnostics.error(entry.key_origin, key +
                                              ": the name becomes a folder; expected at most 64 letters, digits, '_', "
                                              "'-', '+' and '.', not beginning with '.'");
    }
    std::string what;
    if (const Node* const found = forbidden(entry.value, what)) {
      diagnostics.error(found->origin(), key + ": a variant cannot change '" + what + "'");
    }
    variants.push_back({entry.key, entry.value, entry.key_origin});
  }
  return variants;
}

std::vector<Published> read_published(const Node* table) {
  std::vector<Published> all;
  if (!table || !table->is_table()) return all;
  for (const Node::Entry& entry : table->entries()) {
    const TableView view(&entry.value);
    Published published{.group = entry.key, .origin = entry.key_origin};
    view.read("top1", published.top1);
    view.read("source", published.source);
    all.push_back(std::move(published));
  }
  return all;
}

// Labels every key, and reports those that are set twice.
void settle_targets(StudySpec& spec, Diagnostics& diagnostics) {
  std::vector<Target*> targets;
  for (Axis& axis : spec.axes) targets.push_back(&axis.target);
  if (spec.sample) {
    for (SampledKey& key : spec.sample->keys) targets.push_back(&key.target);
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (targets[i]->text != targets[j]->text) continue;
      diagnostics.error(targets[i]->origin, "study: the key '" + targets[i]->text + "' is set twice, first at " +
                                                targets[j]->origin.text());
    }
  }
  label_targets(targets);
}

}  // namespace

std::optional<StudySpec> read_study(const Node& document, Diagnostics& diagnostics) {
  const Node* const table = document.find("study");
  if (!table || !table->is_table()) {
    diagnostics.error(table ? table->origin() : document.origin(),
                      "there is no table [study]; expected one with axes, variants or sample");
    return std::nullopt;
  }
  const std::size_t before = diagnostics.errors().size();
  config::check_table(config::key_spec("study").fields, *table, "study", diagnostics);
  const TableView view(table);
  StudySpec spec{.origin = table->origin()};
  view.read("share_teacher", spec.share_teacher);
  spec.axes = read_axes(view.find("axes"), diagnostics);
  spec.sample = read_sample(view.find("sample"), diagnostics);
  spec.variants = read_variants(view.find("variants"), diagnostics);
  spec.published = read_published(view.find("published"));
  settle_targets(spec, diagnostics);
  if (diagnostics.errors().size() > before) return std::nullopt;
  if (spec.axes.empty() && !spec.sample && spec.variants.empty()) {
    diagnostics.error(table->origin(), "study: it has no members; expected axes, variants or sample");
    return std::nullopt;
  }
  return spec;
}

}  // namespace retort::study
