#include "statistics.hpp"

#include <cmath>
#include <numeric>

#include <boost/math/distributions/students_t.hpp>

namespace retort::study {
namespace {

constexpr double kConfidence = 0.95;

}  // namespace

Moments moments(const std::vector<double>& values) {
  Moments result{.n = values.size()};
  if (values.empty()) return result;
  const auto n = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return result;
  double squares = 0.0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.sd = std::sqrt(squares / (n - 1.0));
  return result;
}

PairedDifference paired_difference(const std::vector<double>& differences) {
  PairedDifference result{.moments = moments(differences)};
  if (!result.moments.sd) return result;
  const auto n = static_cast<double>(differences.size());
  const double error = *result.moments.sd / std::sqrt(n);
  const boost::math::students_t distribution(n - 1.0);
  const double reach = boost::math::quantile(distribution, 0.5 + 0.5 * kConfidence) * error;
  result.low = result.moments.mean - reach;
  result.high = result.moments.mean + reach;
  if (error == 0.0) return result;
  result.t = result.moments.mean / error;
  result.p = 2.0 * boost::math::cdf(boost::math::complement(distribution, std::abs(*result.t)));
  return result;
}

}  // namespace retort::study
