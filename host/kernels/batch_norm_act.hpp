#pragma once

#include <ATen/core/Tensor.h>

namespace retort::kernels {

// Batch normalization in training mode of x [N, C, H, W], by the statistics of the batch, then `+ residual` where one
// is given (of x's shape and type) and ReLU where `relu`; in two passes over x, and two backward. Differentiable once
// with respect to x, weight, bias and residual. running_mean and running_var are updated in place as PyTorch does, with
// the unbiased variance; both may be undefined.
//
// x is float32 or bfloat16, the parameters [C] and statistics [C] float32. The result has x's type and is in
// channels-last order, to which x, residual and incoming gradients are copied where they are not in it. Sums are of
// doubles in an order that the number of threads decides. Other types, and devices without a kernel, go through
// batch_norm_act_reference. Throws ShapeError when x is not four-dimensional or a channel has one value only.
at::Tensor batch_norm_act(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& running_mean, const at::Tensor& running_var, double momentum, double eps,
                          bool relu, const at::Tensor& residual = {});

// The same of LibTorch's operators.
at::Tensor batch_norm_act_reference(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                    const at::Tensor& running_mean, const at::Tensor& running_var, double momentum,
                                    double eps, bool relu, const at::Tensor& residual = {});

}  // namespace retort::kernels
