#include "allocator.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace retort::app {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr std::array settings{"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"};
  if (std::ranges::any_of(settings, [](const char* name) { return std::getenv(name) != nullptr; })) return;
  constexpr int kMostThatIsNotMapped = 32 << 20;  // the largest that glibc takes
  mallopt(M_MMAP_THRESHOLD, kMostThatIsNotMapped);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

}  // namespace retort::app
