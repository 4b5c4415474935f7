#include <torch/types.h>

#include "kernels/affine_act.hpp"
#include "kernels/batch_norm_act.hpp"
#include "passes.hpp"
#include "program/operators.hpp"

namespace retort::program {
namespace {

// The last entries of a call: what was pushed after `first`.
at::Tensor optional_tensor(c10::Stack& stack, bool there) {
  return there ? torch::jit::pop(stack).toTensor() : at::Tensor();
}

Operation training_norm(const BatchNorm& norm, bool relu, bool residual) {
  return [momentum = norm.momentum, eps = norm.eps, relu, residual](c10::Stack& stack) {
    const at::Tensor other = optional_tensor(stack, residual);
    at::Tensor images, weight, bias, mean, var;
    torch::jit::pop(stack, images, weight, bias, mean, var);
    stack.emplace_back(kernels::batch_norm_act(images, weight, bias, mean, var, momentum, eps, relu, other));
  };
}

Operation frozen_norm(bool relu, bool residual) {
  return [relu, residual](c10::Stack& stack) {
    const at::Tensor other = optional_tensor(stack, residual);
    at::Tensor images, scale, shift;
    torch::jit::pop(stack, images, scale, shift);
    stack.emplace_back(kernels::affine_act(images, scale, shift, relu, other));
  };
}

Instruction fused(Program& program, const BatchNorm& norm, const Tail& tail) {
  Instruction instruction{.outputs = {tail.output}};
  if (norm.training) {
    instruction.op = "retort::batch_norm_act";
    instruction.inputs = {norm.input, norm.weight, norm.bias, norm.running_mean, norm.running_var};
    instruction.run = training_norm(norm, tail.relu, tail.residual.has_value());
  } else {
    const at::Tensor scale = tensor_of(program, norm.weight) / (tensor_of(program, norm.running_var) + norm.eps).sqrt();
    const at::Tensor shift = tensor_of(program, norm.bias) - tensor_of(program, norm.running_mean) * scale;
    instruction.op = "retort::affine_act";
    instruction.inputs = {norm.input, program.add_constant(scale), program.add_constant(shift)};
    instruction.run = frozen_norm(tail.relu, tail.residual.has_value());
  }
  if (tail.residual) instruction.inputs.push_back(*tail.residual);
  return instruction;
}

}  // namespace

std::size_t fuse_batch_norms(Program& program) {
  const Uses uses(program);
  std::vector<std::size_t> replaced;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const auto norm = as_batch_norm(program, program.instructions[i]);
    const bool images = norm && program.values[norm->output].sizes.size() == 4;
    if (!images || (!norm->training && !program.is_constant(norm->weight))) continue;
    const Tail tail = tail_of(program, uses, i, norm->input, norm->output);
    const std::size_t last = tail.members.empty() ? i : tail.members.back();
    program.instructions[last] = fused(program, *norm, tail);
    for (const std::size_t place : absorbed(i, tail)) {
      program.instructions[place].op.clear();  // so that no other tail takes it
      replaced.push_back(place);
    }
    ++changed;
  }
  erase(program, replaced);
  return changed;
}

}  // namespace retort::program
