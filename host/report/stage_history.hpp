#pragma once

#include <string>
#include <vector>

#include "metrics/history.hpp"
#include "series.hpp"

namespace retort::report {

// What metrics.jsonl says of one stage.
class StageHistory {
 public:
  void add(metrics::HistoryRecord record) { records_.push_back(std::move(record)); }

  const std::vector<metrics::HistoryRecord>& records() const { return records_; }
  // The names of the values of a split, in the order in which they first appear.
  std::vector<std::string> names(const std::string& split) const;
  // A value over the steps; records without it are passed over.
  Series over_steps(const std::string& split, const std::string& key, const std::string& name) const;
  // The mean of a value in each epoch.
  Series over_epochs(const std::string& split, const std::string& key, const std::string& name) const;
  // From the first record to the last, in seconds.
  double seconds() const;

 private:
  std::vector<metrics::HistoryRecord> records_;
};

}  // namespace retort::report
