#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "metrics/catalogue.hpp"
#include "metrics/process.hpp"

namespace retort::metrics {

// One series of a counter. Copies are cheap and name the same series; valid as long as the store. [any thread]
class CounterSeries {
 public:
  // A value that is not finite is counted in retort_nonfinite_observations_total instead; a negative one is ignored.
  void add(double amount = 1.0) const;

 private:
  friend class MetricStore;
  CounterSeries(prometheus::Counter& counter, prometheus::Counter& refused) : counter_(&counter), refused_(&refused) {}

  prometheus::Counter* counter_;
  prometheus::Counter* refused_;
};

// One series of a gauge, which may be NaN: alerts find it with x != x. [any thread]
class GaugeSeries {
 public:
  void set(double value) const { gauge_->Set(value); }

 private:
  friend class MetricStore;
  explicit GaugeSeries(prometheus::Gauge& gauge) : gauge_(&gauge) {}

  prometheus::Gauge* gauge_;
};

// One series of a histogram. [any thread]
class HistogramSeries {
 public:
  // A value that is not finite is counted in retort_nonfinite_observations_total instead.
  void observe(double value) const;

 private:
  friend class MetricStore;
  HistogramSeries(prometheus::Histogram& histogram, prometheus::Counter& refused)
      : histogram_(&histogram), refused_(&refused) {}

  prometheus::Histogram* histogram_;
  prometheus::Counter* refused_;
};

// Holds every metric of the process: the families of the catalogue, registered once, and the process_* metrics.
// All functions may be called from any thread, scrapes included.
class MetricStore {
 public:
  // `component_series_limit`: how many series retort_component_value may have, because components choose the names.
  explicit MetricStore(std::size_t component_series_limit = 200);
  MetricStore(const MetricStore&) = delete;
  MetricStore& operator=(const MetricStore&) = delete;

  // The series of `metric` with these label values, in the order of its spec's labels; created when it is new, counters
  // and histograms with 0. Look a series up once and keep it. Values are made valid UTF-8.
  // Throws std::logic_error when the type or the number of labels is not that of the catalogue.
  CounterSeries counter(Metric metric, const std::vector<std::string>& label_values = {});
  GaugeSeries gauge(Metric metric, const std::vector<std::string>& label_values = {});
  HistogramSeries histogram(Metric metric, const std::vector<std::string>& label_values = {});

  // Sets retort_component_value{component,name}; beyond the limit a new series is refused and counted in
  // retort_rejected_series_total.
  void set_component_value(std::string_view component, std::string_view name, double value);

  // All metrics in the Prometheus text format 0.0.4.
  std::string text() const;

 private:
  void add_family(const MetricSpec& spec);

  prometheus::Registry registry_;
  ProcessCollector process_;
  std::map<Metric, prometheus::Family<prometheus::Counter>*> counters_;
  std::map<Metric, prometheus::Family<prometheus::Gauge>*> gauges_;
  std::map<Metric, prometheus::Family<prometheus::Histogram>*> histograms_;
  prometheus::Counter* refused_observations_ = nullptr;
  prometheus::Counter* rejected_series_ = nullptr;

  const std::size_t component_series_limit_;
  std::mutex component_mutex_;
  std::map<std::pair<std::string, std::string>, GaugeSeries> component_values_;
};

}  // namespace retort::metrics
