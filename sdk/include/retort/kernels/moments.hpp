#pragma once

#include <cstdint>

#include <c10/util/SmallVector.h>

#include <retort/kernels/parallel.hpp>

namespace retort::kernels {

// Sums that a kernel keeps by column and part of the rows: on the stack, for as many as networks of CIFAR have.
using ColumnSums = c10::SmallVector<double, 512>;

// [2, columns]: mean and sum of squared deviations of each column of a matrix, from parts of its rows that threads take
// and that are joined in their order (Chan et al. 1983). moments(begin, end, mean, squares) gives those of some rows.
template <class Moments>
ColumnSums joined_moments(std::int64_t rows, std::int64_t columns, std::int64_t grain, const Moments& moments) {
  const auto parts = parts_of(rows, grain);
  ColumnSums joined(2 * columns * parts);
  parallel_parts(rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    double* mean = joined.data() + 2 * columns * part;
    moments(begin, end, mean, mean + columns);
  });
  for (std::int64_t part = 1; part < parts; ++part) {
    const double before = static_cast<double>(rows * part / parts),
                 after = static_cast<double>(rows * (part + 1) / parts);
    const double* other = joined.data() + 2 * columns * part;
    for (std::int64_t c = 0; c < columns; ++c) {
      const double delta = other[c] - joined[c];
      joined[c] += delta * (after - before) / after;
      joined[columns + c] += other[columns + c] + delta * delta * before * (after - before) / after;
    }
  }
  joined.resize(2 * columns);
  return joined;
}

}  // namespace retort::kernels
