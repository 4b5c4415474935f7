#include <ATen/ops/_foreach_add.h>

#include "passes.hpp"

namespace retort::program {
namespace {

// weight += 1 for a whole number that nothing else in the program reads.
bool is_counter(const Program& program, const Uses& uses, const Instruction& instruction) {
  if (instruction.op != "aten::add_" || !program.is_weight(instruction.inputs[0])) return false;
  const at::Tensor& counter = program.value(instruction.inputs[0]).toTensor();
  if (counter.dim() != 0 || counter.scalar_type() != c10::kLong) return false;
  for (std::size_t i = 1; i < instruction.inputs.size(); ++i) {
    const Slot slot = instruction.inputs[i];
    if (!program.is_constant(slot) || !program.value(slot).isInt() || program.value(slot).toInt() != 1) return false;
  }
  return uses.of(instruction.inputs[0]).size() == 1 && uses.of(instruction.outputs[0]).empty();
}

}  // namespace

std::size_t merge_counters(Program& program) {
  const Uses uses(program);
  std::vector<at::Tensor> counters;
  std::vector<Instruction> kept;
  for (Instruction& instruction : program.instructions) {
    if (is_counter(program, uses, instruction)) {
      counters.push_back(program.value(instruction.inputs[0]).toTensor());
    } else {
      kept.push_back(std::move(instruction));
    }
  }
  program.instructions = std::move(kept);
  if (counters.empty()) return 0;
  const std::size_t count = counters.size();
  program.instructions.push_back(
      {.op = "retort::count_batches", .run = [counters](c10::Stack&) { at::_foreach_add_(counters, 1); }});
  return count;
}

}  // namespace retort::program
