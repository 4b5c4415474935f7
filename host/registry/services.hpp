#pragma once

#include <string_view>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace retort::registry {

enum class LogLevel { Info, Warning };

// What the host does for its components: every component's Context leads here. Outlives the components.
class Services {
 public:
  virtual ~Services() = default;
  // `component` is its place in the experiment: "loss.soft".
  virtual void log(LogLevel level, std::string_view component, std::string_view message) = 0;
  virtual void report(std::string_view component, std::string_view name, const at::Tensor& value) = 0;
  // The generator that components draw from.
  virtual at::Generator generator() = 0;
};

}  // namespace retort::registry
