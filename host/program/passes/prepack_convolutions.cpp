#include <algorithm>

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/types.h>

#include "passes.hpp"
#include "program/operators.hpp"

namespace retort::program {
namespace {

const c10::OperatorHandle& handle(const char* name, const char* overload) {
  static std::map<std::string, c10::OperatorHandle> handles;
  const std::string key = std::string(name) + "." + overload;
  const auto known = handles.find(key);
  if (known != handles.end()) return known->second;
  return handles.emplace(key, c10::Dispatcher::singleton().findSchemaOrThrow(name, overload)).first->second;
}

using Scalars = c10::List<std::optional<at::Scalar>>;

c10::IValue no_scalars() {
  return c10::impl::GenericList(c10::OptionalType::create(c10::NumberType::get()));
}

at::Tensor packed(const at::Tensor& weight, const Convolution& convolution, const std::vector<std::int64_t>& input) {
  c10::Stack stack{weight, convolution.padding, convolution.stride, convolution.dilation, convolution.groups, input};
  handle("mkldnn::_reorder_convolution_weight", "").callBoxed(stack);
  return stack.back().toTensor();
}

// convolution [+ residual] [then ReLU]; the stack holds the images and, with a residual, that.
Operation packed_convolution(const Convolution& convolution, const at::Tensor& weight, const c10::IValue& bias,
                             const Tail& tail, bool in_place) {
  const c10::IValue unary = tail.relu ? c10::IValue("relu") : c10::IValue();
  if (!tail.residual) {
    return [=, &operation = handle("mkldnn::_convolution_pointwise", "")](c10::Stack& stack) {
      stack.back() = stack.back().toTensor().to(weight.scalar_type());
      torch::jit::push(stack, weight, bias, convolution.padding, convolution.stride, convolution.dilation,
                       convolution.groups, std::string(tail.relu ? "relu" : "none"), no_scalars(), c10::IValue());
      operation.callBoxed(stack);
    };
  }
  const char* const name = in_place ? "mkldnn::_convolution_pointwise_" : "mkldnn::_convolution_pointwise";
  return [=, &operation = handle(name, "binary")](c10::Stack& stack) {
    at::Tensor images, residual;
    torch::jit::pop(stack, images, residual);
    images = images.to(weight.scalar_type());
    // The in-place operator takes the tensor that it adds to first.
    if (in_place) std::swap(images, residual);
    torch::jit::push(stack, images, residual, weight, bias, convolution.padding, convolution.stride,
                     convolution.dilation, convolution.groups, std::string("add"), c10::IValue(), unary, no_scalars(),
                     c10::IValue());
    operation.callBoxed(stack);
  };
}

// Whether the results are tensors of their own, that share no memory with what is read.
bool makes_new(const Program& program, std::size_t position) {
  const Instruction& instruction = program.instructions[position];
  return instruction.op.starts_with("retort::") || as_convolution(program, instruction) ||
         as_batch_norm(program, instruction);
}

// Whether the residual's memory may be written: nobody else has it, and nobody reads it later. LibTorch's operator that
// does not work in place copies the residual first.
bool expendable(const Program& program, const Uses& uses, Slot residual, const Tail& tail) {
  const std::size_t producer = uses.producer(residual), reader = tail.members.back();
  if (producer == Uses::npos || uses.is_tap(residual) || !makes_new(program, producer)) return false;
  return std::ranges::all_of(uses.of(residual), [&](std::size_t user) {
    return std::ranges::count(tail.members, user) != 0 || (user < reader && makes_new(program, user));
  });
}

}  // namespace

std::size_t prepack_convolutions(Program& program) {
  const Uses uses(program);
  std::vector<std::size_t> replaced;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const auto convolution = as_convolution(program, program.instructions[i]);
    if (!convolution || !program.is_constant(convolution->weight)) continue;
    const at::Tensor weight = tensor_of(program, convolution->weight);
    const auto& sizes = program.values[convolution->input].sizes;
    if (weight.dim() != 4 || sizes.size() != 4 || !weight.device().is_cpu()) continue;
    const Tail tail = tail_of(program, uses, i, convolution->input, convolution->output);
    const std::size_t last = tail.members.empty() ? i : tail.members.back();
    const bool in_place = tail.residual && expendable(program, uses, *tail.residual, tail);
    const c10::IValue bias = program.value(convolution->bias);
    Instruction instruction{
        .op = "retort::packed_convolution", .inputs = {convolution->input}, .outputs = {tail.output}};
    if (tail.residual) instruction.inputs.push_back(*tail.residual);
    instruction.run = packed_convolution(*convolution, packed(weight, *convolution, sizes), bias, tail, in_place);
    program.instructions[last] = std::move(instruction);
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
