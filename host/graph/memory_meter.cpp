#include "memory_meter.hpp"

#include <algorithm>

#include <c10/core/Allocator.h>

namespace retort::graph {

class MemoryMeter::Listener final : public c10::MemoryReportingInfoBase {
 public:
  // `bytes` is negative when memory is given back.
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t, c10::Device device) override {
    if (!device.is_cpu()) return;
    in_use_ += bytes;
    peak_ = std::max(peak_, in_use_);
  }
  bool memoryProfilingEnabled() const override { return true; }

  std::int64_t peak() const { return peak_; }

 private:
  std::int64_t in_use_ = 0;
  std::int64_t peak_ = 0;
};

MemoryMeter::MemoryMeter()
    : listener_(std::make_shared<Listener>()), guard_(c10::DebugInfoKind::PROFILER_STATE, listener_) {}

std::int64_t MemoryMeter::peak() const {
  return listener_->peak();
}

}  // namespace retort::graph
