#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <vector>

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <retort/kernels/parallel.hpp>

#include "dispatch_test_kernel.hpp"

RETORT_DEFINE_KERNEL(retort_capability_name)

namespace {

using retort::kernels::parallel_parts;
using retort::kernels::parts_of;

TEST(Dispatch, RunsTheKernelForTheCapabilityThatLibTorchReports) {
  EXPECT_EQ(at::native::retort_capability_name(c10::kCPU), at::get_cpu_capability());
}

TEST(Dispatch, HasNoKernelForOtherDevices) {
  EXPECT_TRUE(at::native::retort_capability_name.is_device_supported(c10::kCPU));
  EXPECT_FALSE(at::native::retort_capability_name.is_device_supported(c10::kCUDA));
}

TEST(ParallelParts, CoverTheRangeOnceAndInOrder) {
  for (const std::int64_t size : {1, 2, 7, 64, 1001}) {
    for (const std::int64_t parts : {1, 2, 3, 7}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(size));
      std::vector<std::int64_t> begins(static_cast<std::size_t>(parts), -1);
      parallel_parts(size, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        begins[part] = begin;
        for (auto i = begin; i < end; ++i) ++seen[i];
      });
      EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& count) { return count == 1; }));
      EXPECT_TRUE(std::is_sorted(begins.begin(), begins.end()));
      EXPECT_EQ(begins.front(), 0);
    }
  }
}

TEST(ParallelParts, UseLibTorchsThreadsWhenTheWorkIsWorthIt) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  EXPECT_EQ(parts_of(1000, 100), 2);
  EXPECT_EQ(parts_of(199, 100), 1);
  EXPECT_EQ(parts_of(0, 100), 1);
  std::atomic<int> together = 0;
  parallel_parts(2, 2, [&](auto, auto, auto) {
    ++together;
    while (together < 2) {  // ends only when both parts run at the same time
    }
  });
  at::set_num_threads(before);
}

}  // namespace
