#include "device.hpp"

#include <dlfcn.h>

#include <filesystem>

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/cuda.h>

#include <retort/error.hpp>

namespace retort::engine {
namespace {

// The driver's device file: without it there is no GPU, and the CUDA libraries (seconds from a cold disk) stay unread.
bool driver_present() {
  return std::filesystem::exists("/dev/nvidiactl");
}

// LibTorch's CUDA part registers itself when it is loaded.
bool load_cuda() {
  static const bool loaded = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  return loaded;
}

}  // namespace

c10::Device find_device(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  const bool usable = driver_present() && load_cuda() && torch::cuda::is_available();
  if (name == "auto") return usable ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  if (!usable) {
    throw Error("run.device = \"" + name + "\", but there is no usable GPU: " +
                (!driver_present() ? "no NVIDIA driver (/dev/nvidiactl)"
                 : !load_cuda()    ? "this LibTorch has no CUDA libraries"
                                   : "CUDA finds no device"));
  }
  const c10::Device device(name);
  const int index = device.has_index() ? device.index() : 0;
  if (index >= static_cast<int>(torch::cuda::device_count())) {
    throw Error("run.device = \"" + name + "\", but there are " + std::to_string(torch::cuda::device_count()) +
                " GPUs");
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

c10::ScalarType compute_type(const std::string& precision) {
  return precision == "bfloat16" ? c10::kBFloat16 : c10::kFloat;
}

Autocast::Autocast(c10::DeviceType device, c10::ScalarType type) : device_(device), active_(type != c10::kFloat) {
  if (!active_) return;
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, type);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, false);
}

}  // namespace retort::engine
