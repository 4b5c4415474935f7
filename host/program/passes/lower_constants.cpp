#include <algorithm>

#include <torch/types.h>

#include "passes.hpp"
#include "program/operators.hpp"

namespace retort::program {
namespace {

// What autocast computes in lower precision, by the inputs that are weights of it.
bool computes_lower(const std::string& op) {
  static const char* const lower[] = {"aten::_convolution", "aten::addmm", "aten::linear", "aten::matmul", "aten::mm"};
  return std::any_of(std::begin(lower), std::end(lower), [&](const char* name) { return op == name; });
}

}  // namespace

std::size_t lower_constants(Program& program, c10::ScalarType type) {
  const Uses uses(program);
  std::size_t changed = 0;
  for (Slot slot = 0; slot < program.values.size(); ++slot) {
    if (!program.is_constant(slot) || !program.value(slot).isTensor() || uses.of(slot).empty()) continue;
    const at::Tensor tensor = tensor_of(program, slot);
    const bool lower = std::all_of(uses.of(slot).begin(), uses.of(slot).end(),
                                   [&](std::size_t user) { return computes_lower(program.instructions[user].op); });
    if (!lower || tensor.scalar_type() != torch::kFloat) continue;
    program.values[slot].value = tensor.to(type);
    ++changed;
  }
  return changed;
}

}  // namespace retort::program
