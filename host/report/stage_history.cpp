#include "stage_history.hpp"

#include <map>
#include <optional>
#include <set>

namespace retort::report {
namespace {

std::optional<double> value_of(const metrics::HistoryRecord& record, const std::string& key) {
  for (const auto& [name, value] : record.values) {
    if (name == key) return value;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> StageHistory::names(const std::string& split) const {
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const metrics::HistoryRecord& record : records_) {
    if (record.split != split) continue;
    for (const auto& [name, value] : record.values) {
      if (known.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

Series StageHistory::over_steps(const std::string& split, const std::string& key, const std::string& name) const {
  Series series{.name = name};
  for (const metrics::HistoryRecord& record : records_) {
    if (record.split != split) continue;
    if (const auto value = value_of(record, key)) series.points.push_back({static_cast<double>(record.step), *value});
  }
  return series;
}

Series StageHistory::over_epochs(const std::string& split, const std::string& key, const std::string& name) const {
  std::map<std::int64_t, std::pair<double, int>> sums;  // by epoch: sum and count
  for (const metrics::HistoryRecord& record : records_) {
    if (record.split != split) continue;
    if (const auto value = value_of(record, key)) {
      sums[record.epoch].first += *value;
      ++sums[record.epoch].second;
    }
  }
  Series series{.name = name};
  for (const auto& [epoch, sum] : sums) series.points.push_back({static_cast<double>(epoch), sum.first / sum.second});
  return series;
}

double StageHistory::seconds() const {
  return records_.empty() ? 0.0 : records_.back().time - records_.front().time;
}

}  // namespace retort::report
