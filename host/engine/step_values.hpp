#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "registry/services.hpp"

namespace retort::engine {

// What components reported since the last reading: the newest tensor of each name, still on the device.
class StepValues final : public registry::Services {
 public:
  using Log = std::function<void(registry::LogLevel, std::string_view component, std::string_view message)>;
  explicit StepValues(Log log) : log_(std::move(log)) {}

  void log(registry::LogLevel level, std::string_view component, std::string_view message) override;
  void report(std::string_view component, std::string_view name, const at::Tensor& value) override;
  // LibTorch's default CPU generator: seeded when a stage starts, saved and restored with it.
  at::Generator generator() override;

  using Key = std::pair<std::string, std::string>;  // component, name
  // Hands over what was reported and starts anew.
  std::map<Key, at::Tensor> take() { return std::exchange(values_, {}); }
  // Forgets what was reported for what take() handed over.
  void replace(std::map<Key, at::Tensor> values) { values_ = std::move(values); }

 private:
  Log log_;
  std::map<Key, at::Tensor> values_;
};

}  // namespace retort::engine
