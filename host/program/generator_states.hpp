#pragma once

#include <utility>
#include <vector>

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

namespace retort::program {

// The states of LibTorch's default generators, of the CPU and of a device, as they are when this is made.
class GeneratorStates {
 public:
  explicit GeneratorStates(c10::Device device);
  void put_back() const;

 private:
  std::vector<std::pair<at::Generator, at::Tensor>> states_;
};

}  // namespace retort::program
