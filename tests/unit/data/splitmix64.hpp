#pragma once

#include <cstdint>

// The reference: SplitMix64 as published by Sebastiano Vigna (https://prng.di.unimi.it/splitmix64.c), on uint64.
struct SplitMix64 {
  std::uint64_t state;

  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

// Word `sample` of stream `stream`, one at a time.
inline std::uint64_t reference_bits(std::int64_t key, std::int64_t sample, std::uint64_t stream) {
  const std::uint64_t counter = static_cast<std::uint64_t>(sample) + (stream << 40);
  return SplitMix64{static_cast<std::uint64_t>(key) + counter * 0x9e3779b97f4a7c15}.next();
}

inline std::int64_t reference_integer(std::uint64_t half, std::uint64_t count) {
  return static_cast<std::int64_t>((half & 0xffffffff) * count >> 32);
}
