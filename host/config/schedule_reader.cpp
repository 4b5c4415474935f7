#include "schedule_reader.hpp"

#include <map>

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

}  // namespace

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
