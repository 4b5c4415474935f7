#include "metrics/store.hpp"

#include <cmath>
#include <iterator>
#include <locale>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include "metrics/escape.hpp"

namespace retort::metrics {
namespace {

template <class Builder>
auto& registered(Builder builder, const MetricSpec& spec, prometheus::Registry& registry) {
  return builder.Name(spec.name).Help(escaped_help(spec.help)).Register(registry);
}

template <class Families>
auto& family_of(const Families& families, Metric metric, std::string_view wanted) {
  const auto found = families.find(metric);
  if (found == families.end()) {
    throw std::logic_error(
        fmt::format("{} is a {}, not a {}", spec(metric).name, type_name(spec(metric).type), wanted));
  }
  return *found->second;
}

prometheus::Labels labels(const MetricSpec& spec, const std::vector<std::string>& values) {
  if (values.size() != spec.labels.size()) {
    throw std::logic_error(
        fmt::format("{} has {} labels, but {} values were given", spec.name, spec.labels.size(), values.size()));
  }
  prometheus::Labels labels;
  for (std::size_t i = 0; i < values.size(); ++i) labels.emplace(spec.labels[i], valid_utf8(values[i]));
  return labels;
}

bool measured_by_process(const MetricSpec& spec) {
  return spec.id >= Metric::ProcessCpuSeconds;
}

}  // namespace

void CounterSeries::add(double amount) const {
  if (std::isfinite(amount)) {
    counter_->Increment(amount);
  } else {
    refused_->Increment();
  }
}

void HistogramSeries::observe(double value) const {
  if (std::isfinite(value)) {
    histogram_->Observe(value);
  } else {
    refused_->Increment();
  }
}

MetricStore::MetricStore(std::size_t component_series_limit) : component_series_limit_(component_series_limit) {
  for (const MetricSpec& spec : catalogue()) {
    if (!measured_by_process(spec)) add_family(spec);
  }
  refused_observations_ = &counters_.at(Metric::NonfiniteObservations)->Add({});
  rejected_series_ = &counters_.at(Metric::RejectedSeries)->Add({});
}

void MetricStore::add_family(const MetricSpec& spec) {
  switch (spec.type) {
    case MetricType::Counter:
      counters_[spec.id] = &registered(prometheus::BuildCounter(), spec, registry_);
      break;
    case MetricType::Gauge:
      gauges_[spec.id] = &registered(prometheus::BuildGauge(), spec, registry_);
      break;
    case MetricType::Histogram:
      histograms_[spec.id] = &registered(prometheus::BuildHistogram(), spec, registry_);
      break;
  }
}

CounterSeries MetricStore::counter(Metric metric, const std::vector<std::string>& label_values) {
  auto& family = family_of(counters_, metric, "counter");
  return {family.Add(labels(spec(metric), label_values)), *refused_observations_};
}

GaugeSeries MetricStore::gauge(Metric metric, const std::vector<std::string>& label_values) {
  auto& family = family_of(gauges_, metric, "gauge");
  return GaugeSeries(family.Add(labels(spec(metric), label_values)));
}

HistogramSeries MetricStore::histogram(Metric metric, const std::vector<std::string>& label_values) {
  auto& family = family_of(histograms_, metric, "histogram");
  return {family.Add(labels(spec(metric), label_values), spec(metric).buckets), *refused_observations_};
}

void MetricStore::set_component_value(std::string_view component, std::string_view name, double value) {
  const std::lock_guard lock(component_mutex_);
  std::pair key{std::string(component), std::string(name)};
  auto found = component_values_.find(key);
  if (found == component_values_.end()) {
    if (component_values_.size() >= component_series_limit_) {
      rejected_series_->Increment();
      return;
    }
    const GaugeSeries series = gauge(Metric::ComponentValue, {key.first, key.second});
    found = component_values_.emplace(std::move(key), series).first;
  }
  found->second.set(value);
}

std::string MetricStore::text() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : process_.Collect()) families.push_back(std::move(family));
  std::ostringstream out;
  out.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace retort::metrics
