#include "interpreter.hpp"

#include <algorithm>

#include <ATen/record_function.h>

namespace retort::program {
namespace {

// LibTorch's operators report themselves to profilers; those that passes made are reported here.
void call(const Instruction& instruction, c10::Stack& stack) {
  at::RecordFunction report(at::RecordScope::FUNCTION);
  if (report.isActive() && instruction.op.starts_with("retort::")) report.before(instruction.op);
  instruction.run(stack);
}

}  // namespace

Interpreter::Interpreter(Program program) : program_(std::move(program)), dead_after_(program_.instructions.size()) {
  std::vector<std::size_t> last(program_.values.size(), Uses::npos);
  for (std::size_t i = 0; i < program_.instructions.size(); ++i) {
    for (const Slot slot : program_.instructions[i].outputs) last[slot] = i;
    for (const Slot slot : program_.instructions[i].inputs) last[slot] = i;
  }
  for (const auto& [name, slot] : program_.taps) last[slot] = Uses::npos;
  for (Slot slot = 0; slot < last.size(); ++slot) {
    const auto kind = program_.values[slot].kind;
    const bool kept = kind == Value::Kind::Weight || kind == Value::Kind::Constant;
    if (!kept && last[slot] != Uses::npos) dead_after_[last[slot]].push_back(slot);
  }
}

Outputs Interpreter::run(const at::Tensor& images, const at::Tensor& target) const {
  std::vector<c10::IValue> values(program_.values.size());
  for (Slot slot = 0; slot < values.size(); ++slot) {
    switch (program_.values[slot].kind) {
      case Value::Kind::Images:
        values[slot] = images;
        break;
      case Value::Kind::Target:
        values[slot] = target;
        break;
      case Value::Kind::Weight:
      case Value::Kind::Constant:
        values[slot] = program_.values[slot].value;
        break;
      case Value::Kind::Computed:
        break;
    }
  }
  c10::Stack stack;
  for (std::size_t i = 0; i < program_.instructions.size(); ++i) {
    const Instruction& instruction = program_.instructions[i];
    for (const Slot slot : instruction.inputs) stack.push_back(values[slot]);
    // Before the call: an operator that owns the last reference to its input may reuse the memory.
    for (const Slot slot : dead_after_[i]) values[slot] = c10::IValue();
    call(instruction, stack);
    for (std::size_t out = instruction.outputs.size(); out-- > 0;) {
      const Slot slot = instruction.outputs[out];
      const bool dead = std::find(dead_after_[i].begin(), dead_after_[i].end(), slot) != dead_after_[i].end();
      if (!dead) values[slot] = std::move(stack.back());
      stack.pop_back();
    }
  }
  Outputs outputs;
  for (const auto& [name, slot] : program_.taps) outputs[name] = values[slot].toTensor();
  return outputs;
}

}  // namespace retort::program
