#pragma once

#include <ATen/core/Tensor.h>

namespace retort::kernels {

// x scale + shift per channel of x [N, C, H, W] (a frozen batch normalization), then `+ residual` where one is given
// (of x's shape and type) and ReLU where `relu`, in one pass. x is float32 or bfloat16, scale and shift [C] are
// float32; the result has x's type and is in channels-last order, to which x and residual are copied where they are not
// in it. Where a gradient is asked for, and for other types and devices without a kernel, it is affine_act_reference.
at::Tensor affine_act(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, bool relu,
                      const at::Tensor& residual = {});

// The same of LibTorch's operators, differentiable. bfloat16 is computed as float32 and rounded once.
at::Tensor affine_act_reference(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, bool relu,
                                const at::Tensor& residual = {});

}  // namespace retort::kernels
