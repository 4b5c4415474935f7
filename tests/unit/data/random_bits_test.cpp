#include "data/random_bits.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <bit>

#include "splitmix64.hpp"

namespace retort::data {
namespace {

at::Tensor key_of(std::uint64_t seed, std::int64_t epoch) {
  return torch::scalar_tensor(sequence_key(seed, epoch, Purpose::Augmentation), torch::kInt64);
}

std::uint64_t word(const at::Tensor& bits, std::int64_t stream, std::int64_t i) {
  return static_cast<std::uint64_t>(bits[stream][i].item<std::int64_t>());
}

TEST(RandomBits, AreThePublishedSequence) {
  // The first outputs of SplitMix64 for the seed 1234567, as
  // https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
  const at::Tensor bits = random_bits(torch::scalar_tensor(1234567, torch::kInt64), torch::arange(5), 1);
  EXPECT_EQ(word(bits, 0, 0), 6457827717110365317u);
  EXPECT_EQ(word(bits, 0, 1), 3203168211198807973u);
  EXPECT_EQ(word(bits, 0, 2), 9817491932198370423u);
  EXPECT_EQ(word(bits, 0, 3), 4593380528125082431u);
  EXPECT_EQ(word(bits, 0, 4), 16408922859458223821u);
}

TEST(RandomBits, EqualUnsignedArithmetic) {
  const at::Tensor index = torch::tensor({0, 1, 7, 49999, 1281166, 1073741823}, torch::kInt64);
  const at::Tensor key = key_of(42, 17);
  const at::Tensor bits = random_bits(key, index, 3);
  ASSERT_EQ(bits.sizes(), (std::vector<std::int64_t>{3, 6}));
  for (std::int64_t stream = 0; stream < 3; ++stream) {
    for (std::int64_t i = 0; i < index.size(0); ++i) {
      const auto sample = index[i].item<std::int64_t>();
      EXPECT_EQ(word(bits, stream, i), reference_bits(key.item<std::int64_t>(), sample, stream))
          << "sample " << sample << ", stream " << stream;
    }
  }
}

TEST(RandomBits, DependOnTheSampleAlone) {
  const at::Tensor all = random_bits(key_of(3, 5), torch::arange(100), 2);
  const at::Tensor few = random_bits(key_of(3, 5), torch::tensor({64, 2, 2}, torch::kInt64), 2);
  EXPECT_TRUE(few.equal(all.index_select(1, torch::tensor({64, 2, 2}, torch::kInt64))));
}

TEST(RandomBits, DifferBetweenSeedsEpochsPurposesAndStreams) {
  std::vector<std::int64_t> keys;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
      keys.push_back(sequence_key(seed, epoch, Purpose::Order));
      keys.push_back(sequence_key(seed, epoch, Purpose::Augmentation));
    }
  }
  std::vector<at::Tensor> words;
  for (const std::int64_t key : keys) {
    words.push_back(random_bits(torch::scalar_tensor(key, torch::kInt64), torch::arange(100), 2).flatten());
  }
  const auto [unique, inverse, counts] = torch::unique_dim(torch::cat(words).unsqueeze(1), 0);
  EXPECT_EQ(unique.size(0), 800 * 100 * 2) << "160,000 random 64-bit words collide once in 10^9 trials";
}

// The number of set bits of random words is binomial: mean n/2, deviation sqrt(n)/2. Five deviations on either side.
void expect_fair(std::int64_t ones, std::int64_t n, const std::string& what) {
  EXPECT_NEAR(static_cast<double>(ones), n / 2.0, 2.5 * std::sqrt(static_cast<double>(n))) << what;
}

TEST(RandomBits, EachBitIsFairAndUnrelatedToTheNextSampleAndStream) {
  constexpr std::int64_t kSamples = 20000;
  const at::Tensor bits = random_bits(key_of(1, 0), torch::arange(kSamples + 1), 2);
  const at::Tensor next_epoch = random_bits(key_of(1, 1), torch::arange(kSamples + 1), 2);
  for (int bit = 0; bit < 64; ++bit) {
    const auto ones = [&](const at::Tensor& words) {
      return torch::bitwise_right_shift(words, bit).bitwise_and(1).slice(0, 0, kSamples).sum().item<std::int64_t>();
    };
    const std::string name = "bit " + std::to_string(bit);
    expect_fair(ones(bits[0]), kSamples, name);
    expect_fair(ones(bits[0].bitwise_xor(bits[0].roll(1))), kSamples, name + " against the sample before");
    expect_fair(ones(bits[0].bitwise_xor(bits[1])), kSamples, name + " against the next stream");
    expect_fair(ones(bits[0].bitwise_xor(next_epoch[0])), kSamples, name + " against the next epoch");
  }
}

TEST(RandomBits, HalvesBecomeIntegersByTheirShare) {
  const std::vector<std::uint64_t> words{0, 0xffffffffffffffff, 0x8000000000000000, 0x00000000ffffffff,
                                         0x1c71c71d1c71c71c};
  at::Tensor bits = torch::empty({5}, torch::kInt64);
  for (std::int64_t i = 0; i < 5; ++i) bits[i] = std::bit_cast<std::int64_t>(words[i]);
  const at::Tensor high = uniform_integers(bits, Half::High, 9), low = uniform_integers(bits, Half::Low, 9);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(high[i].item<std::int64_t>(), reference_integer(words[i] >> 32, 9));
    EXPECT_EQ(low[i].item<std::int64_t>(), reference_integer(words[i], 9));
  }
  // 2^32 / 9 lies between 0x1c71c71c and 0x1c71c71d: the last word is on both sides of the first boundary.
  EXPECT_EQ(high[4].item<std::int64_t>(), 1);
  EXPECT_EQ(low[4].item<std::int64_t>(), 0);
}

TEST(RandomBits, BernoulliReachesItsEnds) {
  const at::Tensor bits = torch::tensor({std::int64_t{0}, std::int64_t{-1}, std::int64_t{0x7fffffff00000000},
                                         std::bit_cast<std::int64_t>(std::uint64_t{0x8000000000000000})});
  EXPECT_TRUE(bernoulli(bits, Half::High, 0).equal(torch::tensor({false, false, false, false})));
  EXPECT_TRUE(bernoulli(bits, Half::High, 1).equal(torch::tensor({true, true, true, true})));
  EXPECT_TRUE(bernoulli(bits, Half::High, 0.5).equal(torch::tensor({true, false, true, false})));
}

}  // namespace
}  // namespace retort::data
