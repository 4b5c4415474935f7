#include "program.hpp"

#include <algorithm>

namespace retort::program {

Uses::Uses(const Program& program)
    : users_(program.values.size()), producers_(program.values.size(), npos), taps_(program.values.size(), false) {
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    for (const Slot input : program.instructions[i].inputs) {
      if (users_[input].empty() || users_[input].back() != i) users_[input].push_back(i);
    }
    for (const Slot output : program.instructions[i].outputs) producers_[output] = i;
  }
  for (const auto& [name, slot] : program.taps) taps_[slot] = true;
}

std::size_t Uses::single(Slot slot) const {
  return users_[slot].size() == 1 && !taps_[slot] ? users_[slot].front() : npos;
}

bool mutates(const Instruction& instruction) {
  return instruction.op.ends_with('_') && !instruction.op.ends_with("__");
}

bool undisturbed(const Program& program, const std::vector<Slot>& slots, std::size_t first, std::size_t last) {
  for (std::size_t i = first + 1; i < last; ++i) {
    const Instruction& between = program.instructions[i];
    if (mutates(between) && std::find(slots.begin(), slots.end(), between.inputs.front()) != slots.end()) return false;
  }
  return true;
}

}  // namespace retort::program
