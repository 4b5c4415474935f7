#pragma once

namespace retort::app {

// Has the C library keep the memory that a step frees for the next step, which asks for the same hundreds of MiB again.
// By default glibc gives most of it back to the system and meets every page of it anew, which costs a page fault each:
// dear in a virtual machine. The price is a higher peak of memory: large blocks leave gaps in the heap (BENCHMARKS.md).
// Does nothing when the environment says how to allocate (MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_,
// GLIBC_TUNABLES), and without glibc.
void keep_freed_memory();

}  // namespace retort::app
