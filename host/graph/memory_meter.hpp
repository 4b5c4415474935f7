#pragma once

#include <cstdint>
#include <memory>

#include <c10/util/ThreadLocalDebugInfo.h>

namespace retort::graph {

// Watches what this thread allocates on the CPU for tensors while it lives. It listens to LibTorch's allocator, so it
// asks nothing of a model.
class MemoryMeter {
 public:
  MemoryMeter();
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;

  // The most bytes that were in use at once, beyond those at the beginning.
  std::int64_t peak() const;

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
  c10::DebugInfoGuard guard_;
};

}  // namespace retort::graph
