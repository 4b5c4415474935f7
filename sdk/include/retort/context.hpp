#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <retort/export.hpp>

namespace retort {

// Where a component's words go: the host's log, under the component's name. [any thread]
class RETORT_API Logger {
 public:
  virtual ~Logger();
  virtual void info(std::string_view message) = 0;
  virtual void warn(std::string_view message) = 0;
};

// Takes what components measure. [step thread]
class RETORT_API MetricSink {
 public:
  virtual ~MetricSink();
  // Notes the latest value of `name`. `value` is a detached scalar tensor on the step's device: it is copied to the
  // host together with all others every few steps, so reporting costs no synchronisation. Never call .item() for it.
  virtual void report(std::string_view name, const at::Tensor& value) = 0;
};

// What the host lends a component for the whole of the component's life. The references stay valid until the
// component's destructor has returned; the component keeps none of them longer and starts no threads.
struct Context {
  Logger& log;
  MetricSink& metrics;
  at::Generator generator;  // the run's CPU generator: seeded, saved and restored with the run
  // The files shipped beside the plugin (retort_add_plugin(... DATA ...)); may not exist when there are none.
  std::filesystem::path resources;

  // Reports a scalar that the component computed in this step; detaches it first.
  void report(std::string_view name, const at::Tensor& value) const { metrics.report(name, value.detach()); }
};

}  // namespace retort
