#include "distribution.hpp"

#include <algorithm>
#include <cmath>

namespace retort::inspect {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

std::vector<double> equal_edges(double low, double high, std::int64_t bins) {
  if (low == high) {
    low -= 0.5;
    high += 0.5;
  }
  std::vector<double> edges;
  for (std::int64_t i = 0; i < bins; ++i) {
    edges.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(bins));
  }
  edges.push_back(high);
  return edges;
}

}  // namespace

Distribution distribution(std::vector<double> values, std::int64_t bins) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  Distribution result{.edges = equal_edges(values.front(), values.back(), bins)};
  for (const double value : values) result.mean += value / count;
  double squares = 0.0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / count);
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) result.quantiles[i] = quantile(values, kQuantiles[i]);

  auto begin = values.begin();
  for (std::size_t i = 1; i < result.edges.size(); ++i) {
    const bool last = i + 1 == result.edges.size();
    const auto end = last ? values.end() : std::lower_bound(begin, values.end(), result.edges[i]);
    result.counts.push_back(end - begin);
    begin = end;
  }
  return result;
}

}  // namespace retort::inspect
