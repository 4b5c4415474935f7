#include "operator_clock.hpp"

#include <chrono>

namespace retort::engine {
namespace {

using Clock = std::chrono::steady_clock;

thread_local int depth = 0;
thread_local Clock::time_point outermost_start;
thread_local Clock::duration total{};

}  // namespace

OperatorClock::OperatorClock() {
  depth = 0;
  total = {};
  handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(
                                           [](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
                                             if (depth++ == 0) outermost_start = Clock::now();
                                             return nullptr;
                                           },
                                           [](const at::RecordFunction&, at::ObserverContext*) {
                                             if (--depth == 0) total += Clock::now() - outermost_start;
                                           })
                                           .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

OperatorClock::~OperatorClock() {
  at::removeCallback(handle_);
}

double OperatorClock::seconds() const {
  return std::chrono::duration<double>(total).count();
}

}  // namespace retort::engine
