#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

// metrics.prom: what a run's counters and histograms came to.
namespace retort::report {

struct PrometheusSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0.0;

  // "" when there is no such label.
  std::string label(const std::string& key) const;
};

// The samples of a text in Prometheus' format; lines that are none are passed over.
std::vector<PrometheusSample> read_prometheus(std::string_view text);

}  // namespace retort::report
