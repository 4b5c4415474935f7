#include "operators.hpp"

#include <algorithm>

namespace retort::program {
namespace {

// An input tensor that is known while passes run.
bool is_known_tensor(const Program& program, Slot slot) {
  return (program.is_weight(slot) || program.is_constant(slot)) && program.value(slot).isTensor();
}

// Whether instruction `position` writes into `slot` and somebody reads it later.
bool overwritten(const Program& program, const Uses& uses, std::size_t position, Slot slot) {
  const Instruction& instruction = program.instructions[position];
  return mutates(instruction) && instruction.inputs.front() == slot && uses.single(slot) != position;
}

}  // namespace

std::optional<Convolution> as_convolution(const Program& program, const Instruction& instruction) {
  if (instruction.op != "aten::_convolution") return std::nullopt;
  const auto& in = instruction.inputs;
  for (std::size_t setting = 3; setting < in.size(); ++setting) {
    if (!program.is_constant(in[setting])) return std::nullopt;
  }
  const bool known_bias = program.is_constant(in[2]) || program.is_weight(in[2]);
  if (!is_known_tensor(program, in[1]) || !known_bias || program.value(in[6]).toBool()) return std::nullopt;
  return Convolution{.input = in[0],
                     .weight = in[1],
                     .bias = in[2],
                     .output = instruction.outputs[0],
                     .stride = program.value(in[3]).toIntVector(),
                     .padding = program.value(in[4]).toIntVector(),
                     .dilation = program.value(in[5]).toIntVector(),
                     .groups = program.value(in[8]).toInt()};
}

std::optional<BatchNorm> as_batch_norm(const Program& program, const Instruction& instruction) {
  if (instruction.op != "aten::batch_norm") return std::nullopt;
  const auto& in = instruction.inputs;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (!is_known_tensor(program, in[i])) return std::nullopt;
  }
  for (std::size_t i = 5; i <= 7; ++i) {
    if (!program.is_constant(in[i])) return std::nullopt;
  }
  return BatchNorm{.input = in[0],
                   .weight = in[1],
                   .bias = in[2],
                   .running_mean = in[3],
                   .running_var = in[4],
                   .output = instruction.outputs[0],
                   .training = program.value(in[5]).toBool(),
                   .momentum = program.value(in[6]).toDouble(),
                   .eps = program.value(in[7]).toDouble()};
}

std::optional<Addition> as_addition(const Program& program, const Instruction& instruction) {
  if (instruction.op != "aten::add" && instruction.op != "aten::add_") return std::nullopt;
  const auto& in = instruction.inputs;
  if (in.size() != 3 || !program.is_constant(in[2]) || !program.value(in[2]).isInt() ||
      program.value(in[2]).toInt() != 1) {
    return std::nullopt;
  }
  const auto& sizes = program.values[in[0]].sizes;
  if (sizes.empty() || sizes != program.values[in[1]].sizes) return std::nullopt;
  return Addition{in[0], in[1], instruction.outputs[0]};
}

bool is_relu(const Instruction& instruction) {
  return instruction.op == "aten::relu" || instruction.op == "aten::relu_";
}

Tail tail_of(const Program& program, const Uses& uses, std::size_t position, Slot input, Slot slot) {
  Tail tail{.output = slot};
  std::size_t next = uses.single(slot);
  if (next == Uses::npos) return tail;
  if (const auto sum = as_addition(program, program.instructions[next])) {
    const Slot other = sum->first == slot ? sum->second : sum->first;
    if (other == slot || overwritten(program, uses, next, other)) return tail;
    tail = {.residual = other, .output = sum->output, .members = {next}};
    next = uses.single(tail.output);
  }
  if (next != Uses::npos && is_relu(program.instructions[next])) {
    tail.relu = true;
    tail.output = program.instructions[next].outputs[0];
    tail.members.push_back(next);
  }
  std::vector<Slot> read{input};
  if (tail.residual) read.push_back(*tail.residual);
  if (!tail.members.empty() && !undisturbed(program, read, position, tail.members.back())) return {.output = slot};
  return tail;
}

std::vector<std::size_t> absorbed(std::size_t position, const Tail& tail) {
  if (tail.members.empty()) return {};
  std::vector<std::size_t> places(tail.members.begin(), tail.members.end() - 1);
  places.push_back(position);
  return places;
}

const at::Tensor& tensor_of(const Program& program, Slot slot) {
  return program.value(slot).toTensor();
}

void erase(Program& program, const std::vector<std::size_t>& positions) {
  std::vector<bool> gone(program.instructions.size(), false);
  for (const std::size_t position : positions) gone[position] = true;
  std::vector<Instruction> kept;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(program.instructions[i]));
  }
  program.instructions = std::move(kept);
}

}  // namespace retort::program
