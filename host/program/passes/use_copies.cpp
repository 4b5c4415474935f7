#include <algorithm>

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include "passes.hpp"
#include "program/operators.hpp"

namespace retort::program {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Settings {
  std::vector<std::int64_t> stride, padding, dilation;
  std::int64_t groups = 1;
};

// convolution(input, copy) whose gradient goes to the weight that `copy` was made of; no bias.
class CopyConvolution final : public torch::autograd::Function<CopyConvolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& copy, const Settings& settings) {
    context->save_for_backward({input, copy});
    context->saved_data["stride"] = settings.stride;
    context->saved_data["padding"] = settings.padding;
    context->saved_data["dilation"] = settings.dilation;
    context->saved_data["groups"] = settings.groups;
    context->saved_data["type"] = weight.scalar_type();
    return at::convolution(input, copy, {}, settings.stride, settings.padding, settings.dilation, false, {0, 0},
                           settings.groups);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    auto& data = context->saved_data;
    const auto [input, weight, bias] = at::convolution_backward(
        gradients[0], saved[0], saved[1], c10::nullopt, data["stride"].toIntVector(), data["padding"].toIntVector(),
        data["dilation"].toIntVector(), false, {0, 0}, data["groups"].toInt(),
        {context->needs_input_grad(0), context->needs_input_grad(1), false});
    return {input, weight.defined() ? weight.to(data["type"].toScalarType()) : weight, {}, {}};
  }
};

// Whether convolutions alone read the weight, so that its gradient has one way to it.
bool read_by_convolutions(const Program& program, const Uses& uses, Slot weight) {
  return std::all_of(uses.of(weight).begin(), uses.of(weight).end(), [&](std::size_t user) {
    const auto convolution = as_convolution(program, program.instructions[user]);
    return convolution && convolution->weight == weight && !program.value(convolution->bias).isTensor() &&
           tensor_of(program, weight).dim() == 4;
  });
}

}  // namespace

std::size_t use_copies(Program& program, WeightCopies& copies) {
  const Uses uses(program);
  std::size_t changed = 0;
  for (Instruction& instruction : program.instructions) {
    const auto convolution = as_convolution(program, instruction);
    if (!convolution || !program.is_weight(convolution->weight) ||
        !read_by_convolutions(program, uses, convolution->weight)) {
      continue;
    }
    const at::Tensor copy = copies.of(tensor_of(program, convolution->weight));
    instruction.op = "retort::copy_convolution";
    instruction.inputs = {convolution->input, convolution->weight};
    instruction.run = [copy, settings = Settings{convolution->stride, convolution->padding, convolution->dilation,
                                                 convolution->groups}](c10::Stack& stack) {
      at::Tensor input, weight;
      torch::jit::pop(stack, input, weight);
      stack.emplace_back(CopyConvolution::apply(input.to(copy.scalar_type()), weight, copy, settings));
    };
    ++changed;
  }
  return changed;
}

}  // namespace retort::program
