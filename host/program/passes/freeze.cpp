#include <algorithm>

#include <ATen/core/grad_mode.h>

#include "passes.hpp"
#include "program/operators.hpp"

namespace retort::program {
namespace {

bool computable(const Program& program, const Instruction& instruction) {
  // Random numbers, and anything else without inputs, may differ from step to step.
  return !instruction.inputs.empty() && !mutates(instruction) &&
         std::all_of(instruction.inputs.begin(), instruction.inputs.end(),
                     [&](Slot slot) { return program.is_constant(slot); });
}

}  // namespace

std::size_t freeze(Program& program) {
  const at::NoGradGuard no_grad;
  for (Value& value : program.values) {
    if (value.kind == Value::Kind::Weight) value = {Value::Kind::Constant, value.value.toTensor().detach(), value.name};
  }
  std::vector<std::size_t> computed;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    if (!computable(program, instruction)) continue;
    c10::Stack stack;
    for (const Slot slot : instruction.inputs) stack.push_back(program.value(slot));
    instruction.run(stack);
    for (std::size_t out = instruction.outputs.size(); out-- > 0;) {
      program.values[instruction.outputs[out]] = {Value::Kind::Constant, stack.back(), {}};
      stack.pop_back();
    }
    computed.push_back(i);
  }
  erase(program, computed);
  return computed.size();
}

}  // namespace retort::program
