#include "separation.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace retort::report {
namespace {

// The rising sequence with the least squared difference from `values`: neighbours that fall become one block at their
// mean (pool adjacent violators, Ayer et al., 1955).
std::vector<double> rising(const std::vector<double>& values) {
  struct Block {
    double sum;
    std::size_t size;
    double mean() const { return sum / static_cast<double>(size); }
  };
  std::vector<Block> blocks;
  for (const double value : values) {
    blocks.push_back({value, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().size += last.size;
    }
  }
  std::vector<double> result;
  for (const Block& block : blocks) result.insert(result.end(), block.size, block.mean());
  return result;
}

// Of each place from the first one, when nothing is farther apart than it must be.
std::vector<double> offsets_of(const std::vector<double>& distances) {
  std::vector<double> offsets{0.0};
  for (const double distance : distances) offsets.push_back(offsets.back() + distance);
  return offsets;
}

}  // namespace

std::vector<double> separated(const std::vector<double>& wanted, const std::vector<double>& distances) {
  if (wanted.empty()) return {};
  const std::vector<double> offsets = offsets_of(distances);
  std::vector<double> places = wanted;
  for (std::size_t i = 0; i < places.size(); ++i) places[i] -= offsets[i];
  places = rising(places);
  for (std::size_t i = 0; i < places.size(); ++i) places[i] += offsets[i];
  return places;
}

std::vector<double> spread(const std::vector<double>& wanted, double distance, double low, double high) {
  if (wanted.empty()) return {};
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
  std::vector<double> sorted;
  for (const std::size_t index : order) sorted.push_back(wanted[index]);
  sorted = separated(sorted, std::vector<double>(wanted.size() - 1, distance));
  std::vector<double> places(wanted.size());
  // Bounds on a rising sequence: the nearest one within them is the nearest one, clamped.
  const double last = std::max(low, high - distance * static_cast<double>(wanted.size() - 1));
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double offset = distance * static_cast<double>(i);
    places[order[i]] = std::clamp(sorted[i] - offset, low, last) + offset;
  }
  return places;
}

}  // namespace retort::report
