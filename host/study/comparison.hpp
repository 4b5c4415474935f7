#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compared_run.hpp"
#include "spared_work.hpp"
#include "statistics.hpp"

namespace retort::study {

// The runs of one experiment, over its seeds.
struct ComparedGroup {
  std::string name;
  std::vector<std::pair<std::int64_t, double>> values;  // seed and metric of what is finished
  Moments moments;
  double seconds = 0.0;                        // mean time of a run
  std::optional<PairedDifference> difference;  // from the baseline, over the seeds that both have; not the baseline's
  std::optional<config::PublishedResult> published;  // for top1
};

struct Comparison {
  std::string metric;
  std::string baseline;  // "" for none
  std::vector<ComparedGroup> groups;
  std::vector<const ComparedRun*> unfinished;  // not averaged
  std::vector<std::string> mismatches;         // why the results should not be compared
  SparedWork logit_cache;                      // of what is finished

  // Whether the metric is a ratio, shown in percent.
  bool is_ratio() const;
};

// `runs` outlives the result. Throws InvalidParameter when no run is finished, or there is no such metric or baseline.
Comparison compare(const ComparedRuns& runs, const std::string& metric, const std::string& baseline);

}  // namespace retort::study
