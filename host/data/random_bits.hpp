#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace retort::data {

// Counter-based randomness: a value depends on (seed, epoch, purpose, sample, stream) alone. A sample's augmentation is
// therefore the same in whatever batch, on whatever device and in whatever order it is computed, and a resumed run
// needs no generator state.
//
// The bits are SplitMix64's (Steele, Lea, Flood 2014, Fast Splittable Pseudorandom Number Generators): word `c` of the
// sequence that starts at `key` is finalize(key + (c + 1) * 0x9e3779b97f4a7c15), with c = sample + stream * 2^40.

// What the randomness is for: keeps the order of the samples independent of their augmentation, and so on.
enum class Purpose : std::uint64_t { Order = 1, Augmentation = 2, LabelNoise = 3, Subset = 4, WithheldLabels = 5 };

// The start of the sequence of one epoch.
std::int64_t sequence_key(std::uint64_t seed, std::int64_t epoch, Purpose purpose);

// 64 random bits for each sample in each of `streams` streams: [streams, N] int64, on the device of `index`.
//   key    [] int64 on that device: a tensor, so that a captured step can be replayed in another epoch
//   index  [N] int64, each in [0, 2^40)
// Within one stream, different samples never get the same bits.
at::Tensor random_bits(const at::Tensor& key, const at::Tensor& index, std::int64_t streams);

// Halves of the 64 bits, each good for one decision.
enum class Half { High, Low };

// Uniform integers in [0, count), of the shape of `bits`; count is at most 2^31. The bias is below count / 2^32.
at::Tensor uniform_integers(const at::Tensor& bits, Half half, std::int64_t count);

// Booleans of the shape of `bits`, each true with `probability`, to within 2^-33.
at::Tensor bernoulli(const at::Tensor& bits, Half half, double probability);

// bernoulli() is true where the half is less than this.
std::uint64_t bernoulli_threshold(double probability);

}  // namespace retort::data
