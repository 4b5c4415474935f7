#include "peak_memory.hpp"

#include <fstream>
#include <string>

#include <c10/core/CachingDeviceAllocator.h>

namespace retort::run {
namespace {

// See proc(5): 5 resets VmHWM.
void reset_resident_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

c10::DeviceIndex index_of(const c10::Device& device) {
  return device.has_index() ? device.index() : c10::DeviceIndex(0);
}

}  // namespace

PeakMemory::PeakMemory(const c10::Device& device) : device_(device) {
  reset_resident_peak();
  if (device_.is_cuda()) c10::getDeviceAllocator(device_.type())->resetPeakStats(index_of(device_));
}

std::int64_t PeakMemory::resident() const {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

std::optional<std::int64_t> PeakMemory::on_device() const {
  if (!device_.is_cuda()) return std::nullopt;
  const auto stats = c10::getDeviceAllocator(device_.type())->getDeviceStats(index_of(device_));
  return stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
}

}  // namespace retort::run
