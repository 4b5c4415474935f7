#include "flop_counter.hpp"

#include <string_view>

#include <ATen/core/Tensor.h>

namespace retort::graph {
namespace {

thread_local std::int64_t flops = 0;

// A convolution under way. Its inputs can be looked at only before it runs, its output only afterwards.
struct Convolution final : at::ObserverContext {
  std::int64_t products = 0;  // of one output value
};

std::unique_ptr<at::ObserverContext> before(const at::RecordFunction& call) {
  const std::string_view name = call.name();
  const auto tensor = [&](std::size_t i) { return call.inputs()[i].toTensor(); };
  if (name == "aten::convolution") {
    const at::Tensor weight = tensor(1);
    const std::int64_t products = weight.numel() / weight.size(0);
    if (const bool transposed = call.inputs()[6].toBool(); transposed) {
      flops += 2 * tensor(0).numel() * products;  // every input value meets one filter
      return nullptr;
    }
    auto convolution = std::make_unique<Convolution>();
    convolution->products = products;
    return convolution;
  }
  if (name == "aten::addmm" || name == "aten::baddbmm") flops += 2 * tensor(1).numel() * tensor(2).size(-1);
  if (name == "aten::mm" || name == "aten::bmm") flops += 2 * tensor(0).numel() * tensor(1).size(-1);
  return nullptr;
}

void after(const at::RecordFunction& call, at::ObserverContext* context) {
  if (const auto* convolution = dynamic_cast<const Convolution*>(context)) {
    flops += 2 * call.outputs()[0].toTensor().numel() * convolution->products;
  }
}

}  // namespace

FlopCounter::FlopCounter() {
  flops = 0;
  handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(before, after)
                                           .needsInputs(true)
                                           .needsOutputs(true)
                                           .scopes({at::RecordScope::FUNCTION}));
}

FlopCounter::~FlopCounter() {
  at::removeCallback(handle_);
}

std::int64_t FlopCounter::count() const {
  return flops;
}

}  // namespace retort::graph
