#pragma once

#include <string>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace retort::engine {

// "auto" is the first GPU if there is one, else the CPU; "cpu", "cuda" and "cuda:N" are themselves. Loads LibTorch's
// CUDA libraries when a GPU is asked for, or may be there. Throws Error when the device is not to be had.
c10::Device find_device(const std::string& name);

// The type that convolutions and matrix products compute in: "float32", or "bfloat16" by autocast.
c10::ScalarType compute_type(const std::string& precision);

// Runs the operators within its lifetime under autocast to `type`; does nothing for float32.
class Autocast {
 public:
  Autocast(c10::DeviceType device, c10::ScalarType type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
  bool active_;
};

}  // namespace retort::engine
