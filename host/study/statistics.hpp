#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace retort::study {

// Of one group's values.
struct Moments {
  std::size_t n = 0;
  double mean = 0.0;         // of no value: 0
  std::optional<double> sd;  // sample standard deviation (n - 1 in the denominator); none for fewer than two values
};
Moments moments(const std::vector<double>& values);

// Paired differences, by Student's t distribution with n - 1 degrees of freedom (Student 1908, The Probable Error of a
// Mean). Interval and test take the differences for normally distributed.
struct PairedDifference {
  Moments moments;
  std::optional<double> low;  // 95 % confidence interval of the mean difference; none for fewer than two pairs
  std::optional<double> high;
  std::optional<double> t;  // mean / (sd / sqrt(n)); none when all differences are equal
  std::optional<double> p;  // two-sided: of a |t| as large or larger when the true mean difference is 0
};
PairedDifference paired_difference(const std::vector<double>& differences);

}  // namespace retort::study
