#include "capture.hpp"

#include <algorithm>

#include <ATen/record_function.h>

namespace retort::testing {
namespace {

thread_local std::vector<std::string> called;

// Operators that hand values or shapes to the host, and so wait for the device.
bool waits(const std::string& name) {
  static const char* const waiting[] = {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select",
                                        "aten::equal", "aten::_unique2"};
  return std::any_of(std::begin(waiting), std::end(waiting), [&](const char* other) { return name == other; });
}

}  // namespace

std::vector<std::string> operators_of(const std::function<void()>& body) {
  called.clear();
  const auto note = [](const at::RecordFunction& operation) -> std::unique_ptr<at::ObserverContext> {
    called.emplace_back(operation.name());
    return nullptr;
  };
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(note).scopes({at::RecordScope::FUNCTION}));
  body();
  at::removeCallback(handle);
  return called;
}

void check_capture_safe(const std::function<void()>& first, const std::function<void()>& second, Failures& failures) {
  const std::vector<std::string> operators = operators_of(first);
  if (operators != operators_of(second)) {
    failures.push_back("capture_safe() is true, but other values of the same shape make it call other operators");
  }
  const auto found = std::find_if(operators.begin(), operators.end(), waits);
  if (found != operators.end()) {
    failures.push_back("capture_safe() is true, but it calls " + *found + ", which waits for the device");
  }
}

}  // namespace retort::testing
