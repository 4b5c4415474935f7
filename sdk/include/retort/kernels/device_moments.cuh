#pragma once

// Two sums for every column of a matrix [rows, columns], for CUDA sources: what column_moments.hpp is for CPUs. A grid
// of (tiles of columns, chunks of rows) writes partial sums, which then are joined in a fixed order.

#include <retort/kernels/device.cuh>

namespace {

inline constexpr int kColumnThreads = 256;
inline constexpr int kTileGroups = 64;  // packs of columns that a block takes at most

// How a block divides its tile: `groups` packs of V columns beside each other, and as many rows at once as fit.
struct Tile {
  int groups, rows;
};

__host__ __device__ inline Tile tile_of(std::int64_t columns, int pack) {
  const std::int64_t packs = columns / pack;
  const int groups = packs < kTileGroups ? static_cast<int>(packs) : kTileGroups;
  return {groups, kColumnThreads / groups};
}

inline dim3 column_grid(std::int64_t columns, int pack, std::int64_t chunks) {
  const int groups = tile_of(columns, pack).groups;
  return dim3(static_cast<unsigned>((columns / pack + groups - 1) / groups), static_cast<unsigned>(chunks));
}

// In a block of kColumnThreads threads: body(row, column, first, second) adds what V columns of a row give, and
// finish(chunk, rows of the chunk, column, first, second) receives their sums over the chunk.
template <int V, class Body, class Finish>
__device__ void sum_columns(std::int64_t rows, std::int64_t columns, const Body& body, const Finish& finish) {
  __shared__ float shared[2][kColumnThreads * V];
  const Tile tile = tile_of(columns, V);
  const int group = threadIdx.x % tile.groups, lane = threadIdx.x / tile.groups;
  const std::int64_t column = (static_cast<std::int64_t>(blockIdx.x) * tile.groups + group) * V;
  const std::int64_t chunk = blockIdx.y, chunks = gridDim.y;
  const std::int64_t begin = rows * chunk / chunks, end = rows * (chunk + 1) / chunks;
  const bool working = lane < tile.rows && column < columns;
  float first[V] = {}, second[V] = {};
  if (working) {
    for (std::int64_t row = begin + lane; row < end; row += tile.rows) body(begin, row, column, first, second);
  }
  for (int v = 0; v < V; ++v) {
    shared[0][threadIdx.x * V + v] = first[v];
    shared[1][threadIdx.x * V + v] = second[v];
  }
  int half = 1;
  while (half < tile.rows) half *= 2;
  for (half /= 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half && lane + half < tile.rows) {
      const int other = (threadIdx.x + half * tile.groups) * V;
      for (int v = 0; v < V; ++v) {
        shared[0][threadIdx.x * V + v] += shared[0][other + v];
        shared[1][threadIdx.x * V + v] += shared[1][other + v];
      }
    }
  }
  __syncthreads();
  if (!working || lane != 0) return;
  for (int v = 0; v < V; ++v) {
    first[v] = shared[0][threadIdx.x * V + v];
    second[v] = shared[1][threadIdx.x * V + v];
  }
  finish(begin, end, column, first, second);
}

// Writes mean and sum of squared deviations of each chunk to partial [chunks, 2, columns]. The chunk's first row is the
// shift: a mean that is large beside the deviation costs no precision.
template <class T, int V>
__global__ void __launch_bounds__(kColumnThreads)
    partial_moments(const T* x, std::int64_t rows, std::int64_t columns, float* partial) {
  sum_columns<V>(
      rows, columns,
      [&](std::int64_t begin, std::int64_t row, std::int64_t column, float(&first)[V], float(&second)[V]) {
        float value[V], shift[V];
        load<V>(x + row * columns + column, value);
        load<V>(x + begin * columns + column, shift);
#pragma unroll
        for (int v = 0; v < V; ++v) {
          const float d = value[v] - shift[v];
          first[v] += d;
          second[v] += d * d;
        }
      },
      [&](std::int64_t begin, std::int64_t end, std::int64_t column, float(&first)[V], float(&second)[V]) {
        float* mean = partial + 2 * columns * blockIdx.y + column;
        float shift[V];
        load<V>(x + begin * columns + column, shift);
        const float count = static_cast<float>(end - begin);
        for (int v = 0; v < V; ++v) {
          mean[v] = shift[v] + first[v] / count;
          mean[columns + v] = fmaxf(second[v] - first[v] * first[v] / count, 0.0f);
        }
      });
}

struct ColumnMoments {
  double count, mean, squares;
};

__device__ inline ColumnMoments joined(const ColumnMoments& a, const ColumnMoments& b) {
  const double count = a.count + b.count;
  if (count == 0) return a;
  const double delta = b.mean - a.mean;
  return {count, a.mean + delta * b.count / count, a.squares + b.squares + delta * delta * a.count * b.count / count};
}

// The moments of one column from those of the chunks, by a warp; valid in lane 0.
__device__ inline ColumnMoments join_chunks(const float* partial, std::int64_t rows, std::int64_t columns,
                                            std::int64_t chunks, std::int64_t column) {
  ColumnMoments all{0, 0, 0};
  for (std::int64_t chunk = threadIdx.x % 32; chunk < chunks; chunk += 32) {
    const float* mean = partial + 2 * columns * chunk + column;
    const double count = static_cast<double>(rows * (chunk + 1) / chunks - rows * chunk / chunks);
    all = joined(all, {count, mean[0], mean[columns]});
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    const ColumnMoments other{__shfl_down_sync(0xffffffffu, all.count, offset),
                              __shfl_down_sync(0xffffffffu, all.mean, offset),
                              __shfl_down_sync(0xffffffffu, all.squares, offset)};
    all = joined(all, other);
  }
  return all;
}

// The two sums of one column over the chunks, by a warp; the same in every lane.
__device__ inline double2 add_chunks(const float* partial, std::int64_t columns, std::int64_t chunks,
                                     std::int64_t column) {
  double first = 0, second = 0;
  for (std::int64_t chunk = threadIdx.x % 32; chunk < chunks; chunk += 32) {
    first += partial[2 * columns * chunk + column];
    second += partial[2 * columns * chunk + columns + column];
  }
  return {warp_sum(first), warp_sum(second)};
}

}  // namespace
