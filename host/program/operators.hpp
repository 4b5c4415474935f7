#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

#include "program.hpp"

// The operators that passes look for, with their arguments taken apart.
namespace retort::program {

// aten::_convolution that is not transposed and whose settings are constant.
struct Convolution {
  Slot input = 0, weight = 0, bias = 0, output = 0;  // `bias` may hold None
  std::vector<std::int64_t> stride, padding, dilation;
  std::int64_t groups = 1;
};
std::optional<Convolution> as_convolution(const Program& program, const Instruction& instruction);

// aten::batch_norm with weight, bias and running statistics, all of them weights or constants.
struct BatchNorm {
  Slot input = 0, weight = 0, bias = 0, running_mean = 0, running_var = 0, output = 0;
  bool training = false;
  double momentum = 0.0, eps = 0.0;
};
std::optional<BatchNorm> as_batch_norm(const Program& program, const Instruction& instruction);

// aten::add or aten::add_ of two tensors of one known shape.
struct Addition {
  Slot first = 0, second = 0, output = 0;
};
std::optional<Addition> as_addition(const Program& program, const Instruction& instruction);

// aten::relu or aten::relu_
bool is_relu(const Instruction& instruction);

// What may follow an operator and be computed in its pass: an addition, a ReLU, or both in this order.
struct Tail {
  std::optional<Slot> residual;
  bool relu = false;
  Slot output = 0;                   // of the last of them
  std::vector<std::size_t> members;  // their positions; empty: nothing follows
};
// Of instruction `position`, which reads `input` and writes `slot`. Nothing else reads a value within the tail, and
// input and residual are there, unchanged, when the tail's last instruction runs.
Tail tail_of(const Program& program, const Uses& uses, std::size_t position, Slot input, Slot slot);

// The places that become free when instruction `position` and its tail become one, at the tail's last place.
std::vector<std::size_t> absorbed(std::size_t position, const Tail& tail);

// The tensor behind a weight or a constant.
const at::Tensor& tensor_of(const Program& program, Slot slot);

// Takes instructions out. The outputs that others read must have a producer afterwards.
void erase(Program& program, const std::vector<std::size_t>& positions);

}  // namespace retort::program
