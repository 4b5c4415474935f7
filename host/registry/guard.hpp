#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <c10/util/Exception.h>

#include <retort/error.hpp>

#include "config/experiment.hpp"

namespace retort::registry {

// What went wrong inside a component, told from outside: who, where in the experiment, while doing what. Holds copies
// only, so that it may outlive the plugin's library.
class ComponentError : public std::runtime_error {
 public:
  ComponentError(const config::ComponentSpec& component, const std::string& phase, const std::string& message,
                 bool users_fault)
      : std::runtime_error(component.key + " (" + kind_name(component.kind) + " '" + component.use.value + "') " +
                           phase + ": " + message),
        origin_(component.use.origin),
        users_fault_(users_fault) {}

  const config::Origin& origin() const { return origin_; }
  // The component refused what it was given (parameters, shapes, data); otherwise it failed by itself.
  bool users_fault() const { return users_fault_; }

 private:
  config::Origin origin_;
  bool users_fault_;
};

// Runs `call`, which enters a component, and turns whatever it throws into a ComponentError. `phase` continues the
// sentence "<component> …": "in forward", "while being created".
template <class Call>
decltype(auto) guarded(const config::ComponentSpec& component, const char* phase, Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (const ComponentError&) {
    throw;
  } catch (const Error& error) {
    throw ComponentError(component, phase, std::string(error.what()), true);
  } catch (const c10::Error& error) {
    throw ComponentError(component, phase, std::string(error.what_without_backtrace()), false);
  } catch (const std::exception& error) {
    throw ComponentError(component, phase, std::string(error.what()), false);
  } catch (...) {
    throw ComponentError(component, phase, "threw something that is no exception", false);
  }
}

}  // namespace retort::registry
