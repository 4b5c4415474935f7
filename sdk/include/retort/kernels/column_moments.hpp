#pragma once

// Sums over the rows of a matrix, column by column. For kernel sources alone.

#include <retort/kernels/vector.hpp>

namespace {

// Rows that are added up as floats before the sums go on as doubles.
inline constexpr std::int64_t kBlockRows = 256;
inline constexpr int kTileColumns = 4 * kLanes;

template <int Vectors, int Rows, class Body>
RETORT_INLINE void add_tile(std::int64_t begin, std::int64_t end, std::int64_t column, int count, float* first_sums,
                            float* second_sums, const Body& body) {
  Vec first[Rows][Vectors] = {}, second[Rows][Vectors] = {};
  auto row = begin;
  for (; row + Rows <= end; row += Rows) {
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) body(row + r, column + v * kLanes, count, first[r][v], second[r][v]);
    }
  }
  for (; row < end; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) body(row, column + v * kLanes, count, first[0][v], second[0][v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) {
#pragma GCC unroll 4
    for (int r = 1; r < Rows; ++r) {
      first[0][v] += first[r][v];
      second[0][v] += second[r][v];
    }
    store(first_sums + v * kLanes, first[0][v]);
    store(second_sums + v * kLanes, second[0][v]);
  }
}

// Two sums for every column over the rows [begin, end), of which there should be at most kBlockRows:
// body(row, column, count, first, second) adds to both what `count` elements of a row from `column` on give, and
// finish(column, count, first, second) receives the sums of `count` columns.
template <class Body, class Finish>
RETORT_INLINE void sum_columns(std::int64_t begin, std::int64_t end, std::int64_t columns, const Body& body,
                               const Finish& finish) {
  float first[kTileColumns], second[kTileColumns];
  std::int64_t c = 0;
  for (; c + kTileColumns <= columns; c += kTileColumns) {
    add_tile<4, 1>(begin, end, c, kLanes, first, second, body);
    finish(c, kTileColumns, first, second);
  }
  // Fewer columns, more rows at a time: as many independent sums.
  if (c + 2 * kLanes <= columns) {
    add_tile<2, 2>(begin, end, c, kLanes, first, second, body);
    finish(c, 2 * kLanes, first, second);
    c += 2 * kLanes;
  }
  if (c + kLanes <= columns) {
    add_tile<1, 4>(begin, end, c, kLanes, first, second, body);
    finish(c, kLanes, first, second);
    c += kLanes;
  }
  if (c < columns) {
    const int rest = static_cast<int>(columns - c);
    add_tile<1, 1>(begin, end, c, rest, first, second, body);
    finish(c, rest, first, second);
  }
}

// Mean and sum of squared deviations of every column over the rows [begin, end) of x [rows, columns], as doubles. Each
// block of rows is shifted by its first row and joined with the others by Chan's formula: a mean that is large beside
// the deviation costs no precision.
template <class T>
void column_moments(const T* x, std::int64_t begin, std::int64_t end, std::int64_t columns, double* mean,
                    double* squares) {
  for (std::int64_t c = 0; c < columns; ++c) mean[c] = squares[c] = 0;
  for (auto block = begin; block < end; block += kBlockRows) {
    const auto block_end = block + kBlockRows < end ? block + kBlockRows : end;
    const T* shift = x + block * columns;
    const double rows = static_cast<double>(block_end - block), before = static_cast<double>(block - begin);
    const double share = rows / (before + rows), joined = before * share;
    sum_columns(
        block, block_end, columns,
        [&](std::int64_t row, std::int64_t c, int count, Vec& sum, Vec& sum_of_squares) RETORT_BODY {
          const Vec d = load(x + row * columns + c, count) - load(shift + c, count);
          sum += d;
          sum_of_squares += d * d;
        },
        [&](std::int64_t c, int count, const float* sum, const float* sum_of_squares) RETORT_BODY {
          for (int i = 0; i < count; ++i) {
            const double mean_shifted = sum[i] / rows;
            const double delta = to_float(shift[c + i]) + mean_shifted - mean[c + i];
            mean[c + i] += delta * share;
            squares[c + i] += sum_of_squares[i] - sum[i] * mean_shifted + delta * delta * joined;
          }
        });
  }
}

}  // namespace
