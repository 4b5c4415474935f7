#pragma once

#include <cstdint>
#include <optional>

#include <c10/core/Device.h>

namespace retort::run {

// The most memory that was taken since the object was made. There is one such peak in a process: an object forgets what
// an earlier one has seen.
class PeakMemory {
 public:
  explicit PeakMemory(const c10::Device& device);

  // Bytes of the largest resident set. Where the kernel does not let a process reset it: since the process began.
  std::int64_t resident() const;
  // Bytes that LibTorch's allocator has handed out on the GPU; nothing on the CPU.
  std::optional<std::int64_t> on_device() const;

 private:
  c10::Device device_;
};

}  // namespace retort::run
