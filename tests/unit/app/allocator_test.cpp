#include "app/allocator.hpp"

#include <sys/resource.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <gtest/gtest.h>

namespace retort::app {
namespace {

// As a step does: takes 128 MiB in blocks, writes to all of it and gives it back.
void use_memory() {
  constexpr std::size_t kBlock = 16 << 20;
  std::array<void*, 8> blocks{};
  for (void*& block : blocks) {
    block = std::malloc(kBlock);
    std::memset(block, 1, kBlock);
    asm volatile("" : : "r"(block) : "memory");  // so that it is not left out
  }
  for (void* block : blocks) std::free(block);
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// Page faults of the third use, in a process whose allocator was told to keep memory.
long faults_when_used_again() {
  keep_freed_memory();
  use_memory();
  use_memory();
  const long before = page_faults();
  use_memory();
  return page_faults() - before;
}

void forget_settings() {
  for (const char* name : {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}) unsetenv(name);
}

// Even pages of 2 MiB are 64 faults.
constexpr long kFewFaults = 16;

// Each in a process of its own: what the allocator was told cannot be taken back.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
TEST(AllocatorDeathTest, MemoryIsMetOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        forget_settings();
        std::exit(faults_when_used_again() <= kFewFaults ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(AllocatorDeathTest, TheEnvironmentHasTheLastWord) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        forget_settings();
        setenv("MALLOC_TRIM_THRESHOLD_", "131072", 1);
        std::exit(faults_when_used_again() > kFewFaults ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace retort::app
