#include <ATen/core/grad_mode.h>
#include <torch/types.h>

#include "passes.hpp"
#include "program/operators.hpp"

namespace retort::program {
namespace {

// The batch norm `norm` as a multiplication and an addition, in double precision.
struct Affine {
  at::Tensor scale, shift;
};

Affine affine_of(const Program& program, const BatchNorm& norm) {
  const auto as_double = [&](Slot slot) { return tensor_of(program, slot).to(torch::kDouble); };
  const at::Tensor scale = as_double(norm.weight) / (as_double(norm.running_var) + norm.eps).sqrt();
  return {scale, as_double(norm.bias) - as_double(norm.running_mean) * scale};
}

void fold(Program& program, Instruction& instruction, const Convolution& convolution, const BatchNorm& norm) {
  const auto [scale, shift] = affine_of(program, norm);
  const at::Tensor weight = tensor_of(program, convolution.weight);
  const c10::IValue& bias = program.value(convolution.bias);
  const at::Tensor folded = weight.to(torch::kDouble) * scale.view({-1, 1, 1, 1});
  const at::Tensor moved = bias.isTensor() ? shift + bias.toTensor().to(torch::kDouble) * scale : shift;
  instruction.inputs[1] =
      program.add_constant(folded.to(weight.scalar_type(), false, false, weight.suggest_memory_format()));
  instruction.inputs[2] = program.add_constant(moved.to(weight.scalar_type()));
  instruction.outputs[0] = norm.output;
}

}  // namespace

std::size_t fold_batch_norms(Program& program) {
  const at::NoGradGuard no_grad;
  const Uses uses(program);
  std::vector<std::size_t> folded;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const auto norm = as_batch_norm(program, program.instructions[i]);
    if (!norm || norm->training || !program.is_constant(norm->weight)) continue;
    const std::size_t before = uses.producer(norm->input);
    if (before == Uses::npos || uses.single(norm->input) != i) continue;
    const auto convolution = as_convolution(program, program.instructions[before]);
    if (!convolution || tensor_of(program, convolution->weight).dim() != 4) continue;
    fold(program, program.instructions[before], *convolution, *norm);
    folded.push_back(i);
  }
  erase(program, folded);
  return folded.size();
}

}  // namespace retort::program
