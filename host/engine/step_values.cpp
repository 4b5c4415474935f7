#include "step_values.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <retort/error.hpp>

namespace retort::engine {

void StepValues::log(registry::LogLevel level, std::string_view component, std::string_view message) {
  log_(level, component, message);
}

void StepValues::report(std::string_view component, std::string_view name, const at::Tensor& value) {
  if (!value.defined() || value.numel() != 1) {
    throw Error("reported '" + std::string(name) + "', which is not a scalar");
  }
  values_.insert_or_assign({std::string(component), std::string(name)}, value.reshape({}));
}

at::Generator StepValues::generator() {
  return at::detail::getDefaultCPUGenerator();
}

}  // namespace retort::engine
