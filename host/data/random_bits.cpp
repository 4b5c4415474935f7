#include "random_bits.hpp"

#include <torch/types.h>

#include <cmath>

namespace retort::data {
namespace {

constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15;
constexpr std::uint64_t kMultiplier1 = 0xbf58476d1ce4e5b9;
constexpr std::uint64_t kMultiplier2 = 0x94d049bb133111eb;
constexpr int kStreamShift = 40;

// Tensors have no unsigned 64-bit arithmetic; two's complement gives the same bits for sums and products.
constexpr std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

std::uint64_t next_word(std::uint64_t key) {
  std::uint64_t z = key + kGamma;
  z = (z ^ (z >> 30)) * kMultiplier1;
  z = (z ^ (z >> 27)) * kMultiplier2;
  return z ^ (z >> 31);
}

// A shift that fills with zeros: the arithmetic one, without the copies of the sign.
at::Tensor logical_right_shift(const at::Tensor& value, int count) {
  return torch::bitwise_right_shift(value, count).bitwise_and_((std::int64_t{1} << (64 - count)) - 1);
}

at::Tensor half_of(const at::Tensor& bits, Half half) {
  return half == Half::High ? logical_right_shift(bits, 32) : bits.bitwise_and(std::int64_t{0xffffffff});
}

}  // namespace

std::int64_t sequence_key(std::uint64_t seed, std::int64_t epoch, Purpose purpose) {
  const std::uint64_t of_epoch = next_word(next_word(seed) + static_cast<std::uint64_t>(epoch));
  return as_signed(next_word(of_epoch + static_cast<std::uint64_t>(purpose)));
}

at::Tensor random_bits(const at::Tensor& key, const at::Tensor& index, std::int64_t streams) {
  const at::Tensor stream = torch::arange(streams, index.options()).mul_(std::int64_t{1} << kStreamShift);
  at::Tensor z = (index + stream.unsqueeze(1)).add_(1).mul_(as_signed(kGamma)).add_(key);
  z.bitwise_xor_(logical_right_shift(z, 30)).mul_(as_signed(kMultiplier1));
  z.bitwise_xor_(logical_right_shift(z, 27)).mul_(as_signed(kMultiplier2));
  return z.bitwise_xor_(logical_right_shift(z, 31));
}

at::Tensor uniform_integers(const at::Tensor& bits, Half half, std::int64_t count) {
  return torch::bitwise_right_shift(half_of(bits, half).mul_(count), 32);
}

at::Tensor bernoulli(const at::Tensor& bits, Half half, double probability) {
  return half_of(bits, half).lt(as_signed(bernoulli_threshold(probability)));
}

std::uint64_t bernoulli_threshold(double probability) {
  return static_cast<std::uint64_t>(std::llround(std::ldexp(probability, 32)));
}

}  // namespace retort::data
