#include "run/peak_memory.hpp"

#include <cstring>
#include <vector>

#include <gmock/gmock.h>

namespace retort::run {
namespace {

constexpr std::size_t kMany = std::size_t(200) << 20;
constexpr auto kSlack = std::int64_t(50) << 20;

std::int64_t peak_of(std::size_t bytes) {
  const PeakMemory peak(c10::kCPU);
  std::vector<char> memory(bytes);
  std::memset(memory.data(), 1, bytes);
  // Keeps the compiler from leaving the memory out.
  volatile const char touched = memory[bytes / 2];
  static_cast<void>(touched);
  return peak.resident();
}

TEST(PeakMemory, SeesWhatWasTakenMeanwhile) {
  const std::int64_t little = peak_of(1 << 20);
  EXPECT_GT(little, 0);
  EXPECT_GT(peak_of(kMany), little + static_cast<std::int64_t>(kMany) - kSlack);
}

TEST(PeakMemory, ForgetsWhatWasFreedBefore) {
  const std::int64_t many = peak_of(kMany);
  EXPECT_LT(peak_of(1 << 20), many - static_cast<std::int64_t>(kMany) + kSlack);
}

TEST(PeakMemory, IsOfTheProcessAloneOnTheCpu) {
  EXPECT_EQ(PeakMemory(c10::kCPU).on_device(), std::nullopt);
}

}  // namespace
}  // namespace retort::run
