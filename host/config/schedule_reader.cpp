#include "schedule_reader.hpp"

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "table_view.hpp"
#include "variants.hpp"

namespace retort::config {
namespace {

ScheduleSpec::Kind kind_of(const std::string& use) {
  using Kind = ScheduleSpec::Kind;
  static const std::map<std::string, Kind> kinds{
      {"constant", Kind::Constant}, {"multistep", Kind::Multistep}, {"cosine", Kind::Cosine}, {"linear", Kind::Linear}};
  return kinds.at(use);
}

void check_milestones(const Node& milestones, const std::string& key, Diagnostics& diagnostics) {
  if (!milestones.is_list()) return;
  std::optional<std::int64_t> last;
  for (const Node& item : milestones.items()) {
    const auto epoch = scalar_as<std::int64_t>(item);
    if (epoch && last && *epoch <= *last) {
      diagnostics.error(item.origin(), key + ".milestones: expected an epoch after " + std::to_string(*last) +
                                           ", found " + std::to_string(*epoch));
    }
    last = epoch;
  }
}

// The values between which a schedule moves, each with what it is.
std::vector<std::pair<double, const char*>> extremes(const ScheduleSpec& schedule) {
  using Kind = ScheduleSpec::Kind;
  std::vector<std::pair<double, const char*>> values{{schedule.value, "at first"}};
  if (schedule.warmup_epochs > 0) {
    values.emplace_back(schedule.value * schedule.warmup_start, "where the warm-up starts");
  }
  if (schedule.kind == Kind::Multistep) {
    const double factor = std::pow(schedule.gamma, static_cast<double>(schedule.milestones.size()));
    values.emplace_back(schedule.value * factor, "after the last milestone");
  }
  if (schedule.kind == Kind::Cosine || schedule.kind == Kind::Linear)
    values.emplace_back(schedule.final_value, "at the end");
  return values;
}

void require(const Node& table, const char* name, const char* why, const std::string& key, Diagnostics& diagnostics) {
  if (!table.find(name)) diagnostics.error(table.origin(), key + "." + name + ": missing; " + why);
}

}  // namespace

ScheduleSpec read_parameter_schedule(const Node& table, const ParamSpec& parameter, const std::string& key,
                                     Diagnostics& diagnostics) {
  using Kind = ScheduleSpec::Kind;
  const double fallback = parameter.fallback ? parameter.fallback->number() : 1.0;
  ScheduleSpec schedule = read_schedule(&table, fallback, key, table.origin(), diagnostics);
  if (!parameter.fallback || !std::isfinite(fallback)) require(table, "value", "it has no default", key, diagnostics);
  if (schedule.kind == Kind::Cosine || schedule.kind == Kind::Linear) {
    require(table, "final", "a parameter has no value that it ends at unless told", key, diagnostics);
  }
  if (schedule.warmup_epochs > 0) {
    require(table, "warmup_start", "a parameter has no value that it starts from unless told", key, diagnostics);
  }
  Range range = parameter.range;
  range.infinite = false;
  for (const auto& [value, when] : extremes(schedule)) {
    if (range.contains(value)) continue;
    ParamSpec expected = parameter;
    expected.range = range;
    diagnostics.error(table.origin(), key + ": expected " + expectation(expected) + " throughout, found " +
                                          to_toml(value) + " " + when);
  }
  return schedule;
}

ScheduleSpec read_schedule(const Node* table, double value, const std::string& key, const Origin& origin,
                           Diagnostics& diagnostics) {
  const TableView view(table);
  ScheduleSpec schedule;
  schedule.value = value;
  schedule.origin = origin;
  schedule.kind = kind_of(read_variant(table, schedule_variants(), key, diagnostics).use);
  view.read("value", schedule.value);
  view.read("gamma", schedule.gamma);
  view.read("final", schedule.final_value);
  view.read("warmup_epochs", schedule.warmup_epochs);
  view.read("warmup_start", schedule.warmup_start);
  schedule.milestones = view.list<std::int64_t>("milestones").value_or(std::vector<std::int64_t>());
  if (const Node* const milestones = view.find("milestones")) {
    check_milestones(*milestones, key, diagnostics);
  } else if (schedule.kind == ScheduleSpec::Kind::Multistep) {
    diagnostics.error(origin, key + ".milestones: missing; use = \"multistep\" needs a list of epochs");
  }
  return schedule;
}

}  // namespace retort::config
