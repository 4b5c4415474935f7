#include "batch_norm_act.hpp"

#include <cmath>
#include <optional>

#include <ATen/ATen.h>
#include <c10/util/SmallVector.h>
#include <torch/csrc/autograd/custom_function.h>
#include <retort/kernels/moments.hpp>
#include <retort/kernels/parallel.hpp>
#include <retort/shape.hpp>

#include "batch_norm_cuda.hpp"
#include "batch_norm_kernel.hpp"
#include "feature_map.hpp"

RETORT_DEFINE_KERNEL(retort_moments)
RETORT_DEFINE_KERNEL(retort_scale_and_shift)
RETORT_DEFINE_KERNEL(retort_batch_norm_sums)
RETORT_DEFINE_KERNEL(retort_batch_norm_input_gradient)

namespace retort::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::int64_t rows_of(const at::Tensor& map) {
  return map.numel() / map.size(1);
}

float* data_or_null(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.mutable_data_ptr<float>() : nullptr;
}

// Groups of rows on a GPU: enough of them to fill it, few enough that joining their sums costs nothing.
std::int64_t cuda_chunks(std::int64_t rows) {
  return std::clamp<std::int64_t>(rows / 64, 1, 256);
}

// [C] of float32. inverse: 1 / sqrt(variance + eps). rounding: what the mean lost when it became a float, which is much
// beside a small deviation.
struct Statistics {
  at::Tensor mean, inverse, rounding;
};

// One for each channel: on the stack, for as many as networks of CIFAR have.
using ColumnFactors = c10::SmallVector<float, 256>;

struct Parameters {
  at::Tensor weight, bias, running_mean, running_var;
  double momentum, eps;
};

Statistics forward_on_cpu(const at::Tensor& x, const Parameters& p, bool relu, const at::Tensor& residual,
                          const at::Tensor& y) {
  const auto channels = x.size(1), rows = rows_of(x);
  const auto moments = joined_moments(
      rows, channels, grain(channels), [&](std::int64_t begin, std::int64_t end, double* mean, double* squares) {
        at::native::retort_moments(
            c10::kCPU, Moments{x.scalar_type() == at::kBFloat16, data(x), channels, begin, end, mean, squares});
      });
  const Statistics result{at::empty_like(p.weight), at::empty_like(p.weight), at::empty_like(p.weight)};
  ColumnFactors scale(channels), shift(channels);
  float *mean = result.mean.mutable_data_ptr<float>(), *inverse = result.inverse.mutable_data_ptr<float>(),
        *rounding = result.rounding.mutable_data_ptr<float>();
  float *running_mean = data_or_null(p.running_mean), *running_var = data_or_null(p.running_var);
  const float *weight = p.weight.const_data_ptr<float>(), *bias = p.bias.const_data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double squares = moments[channels + c];
    const double factor = 1 / std::sqrt(squares / rows + p.eps);
    mean[c] = static_cast<float>(moments[c]);
    inverse[c] = static_cast<float>(factor);
    scale[c] = static_cast<float>(weight[c] * factor);
    rounding[c] = static_cast<float>(moments[c] - mean[c]);
    shift[c] = static_cast<float>(bias[c] - rounding[c] * weight[c] * factor);
    if (running_mean != nullptr) running_mean[c] += p.momentum * (moments[c] - running_mean[c]);
    if (running_var != nullptr) running_var[c] += p.momentum * (squares / (rows - 1) - running_var[c]);
  }
  parallel_parts(rows, parts_of(rows, grain(channels)), [&](auto, std::int64_t begin, std::int64_t end) {
    at::native::retort_scale_and_shift(
        c10::kCPU, ScaleAndShift{x.scalar_type() == at::kBFloat16, relu, data(x), data(residual), mean, scale.data(),
                                 shift.data(), channels, begin, end, y.mutable_data_ptr()});
  });
  return result;
}

Statistics forward_on_cuda(const at::Tensor& x, const Parameters& p, bool relu, const at::Tensor& residual,
                           const at::Tensor& y) {
  const auto channels = x.size(1), rows = rows_of(x), chunks = cuda_chunks(rows);
  const Statistics result{at::empty_like(p.weight), at::empty_like(p.weight), at::empty_like(p.weight)};
  const auto work = at::empty({2 * chunks + 2, channels}, p.weight.options());
  float* floats = work.mutable_data_ptr<float>();
  const BatchNormForward arguments{x.scalar_type() == at::kBFloat16,
                                   relu,
                                   data(x),
                                   data(residual),
                                   p.weight.const_data_ptr<float>(),
                                   p.bias.const_data_ptr<float>(),
                                   data_or_null(p.running_mean),
                                   data_or_null(p.running_var),
                                   p.momentum,
                                   p.eps,
                                   channels,
                                   rows,
                                   chunks,
                                   floats + 2 * channels,
                                   result.mean.mutable_data_ptr<float>(),
                                   result.inverse.mutable_data_ptr<float>(),
                                   result.rounding.mutable_data_ptr<float>(),
                                   floats,
                                   floats + channels,
                                   y.mutable_data_ptr()};
  cuda::batch_norm_forward()(x.device(), &arguments);
  return result;
}

struct Gradients {
  at::Tensor x, weight, bias, g;  // g: of the sum before the activation, which is the residual's
};

// g = dy where y > 0; with n rows and deviations d = x - mean:
//   bias: sum g     weight: inverse sum g d     x: weight inverse (g - sum g / n - d inverse^2 sum(g d) / n)
void backward_on_cpu(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x, const at::Tensor& weights,
                     const Statistics& statistics, bool relu, const Gradients& out) {
  const auto channels = x.size(1), rows = rows_of(x), parts = parts_of(rows, grain(channels));
  const bool bfloat16 = x.scalar_type() == at::kBFloat16;
  const float *mean = statistics.mean.const_data_ptr<float>(), *inverse = statistics.inverse.const_data_ptr<float>(),
              *rounding = statistics.rounding.const_data_ptr<float>();
  ColumnSums sums(2 * channels * parts);
  parallel_parts(rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    double* sum = sums.data() + 2 * channels * part;
    at::native::retort_batch_norm_sums(
        c10::kCPU, BatchNormSums{bfloat16, relu, data(dy), data(y), data(x), mean, channels, begin, end, sum,
                                 sum + channels, out.g.defined() ? out.g.mutable_data_ptr() : nullptr});
  });
  for (std::int64_t part = 1; part < parts; ++part) {
    for (std::int64_t i = 0; i < 2 * channels; ++i) sums[i] += sums[2 * channels * part + i];
  }
  ColumnFactors scale(channels), slope(channels), offset(channels);
  const float* weight = weights.const_data_ptr<float>();
  float *weight_gradient = out.weight.mutable_data_ptr<float>(), *bias_gradient = out.bias.mutable_data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double factor = double{weight[c]} * inverse[c], product = sums[channels + c] - rounding[c] * sums[c];
    weight_gradient[c] = static_cast<float>(product * inverse[c]);
    bias_gradient[c] = static_cast<float>(sums[c]);
    scale[c] = static_cast<float>(factor);
    slope[c] = static_cast<float>(factor * inverse[c] * inverse[c] * product / rows);
    offset[c] = static_cast<float>(factor * sums[c] / rows - double{slope[c]} * rounding[c]);
  }
  if (!out.x.defined()) return;
  // Where g was written, it spares reading y again.
  const bool mask = relu && !out.g.defined();
  parallel_parts(rows, parts, [&](auto, std::int64_t begin, std::int64_t end) {
    at::native::retort_batch_norm_input_gradient(
        c10::kCPU, BatchNormInputGradient{bfloat16, mask, out.g.defined() ? data(out.g) : data(dy), data(y), data(x),
                                          mean, scale.data(), slope.data(), offset.data(), channels, begin, end,
                                          out.x.mutable_data_ptr()});
  });
}

void backward_on_cuda(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x, const at::Tensor& weight,
                      const Statistics& statistics, bool relu, const Gradients& out) {
  const auto channels = x.size(1), rows = rows_of(x), chunks = cuda_chunks(rows);
  const auto work = at::empty({2 * chunks + 3, channels}, weight.options());
  float* floats = work.mutable_data_ptr<float>();
  const BatchNormBackward arguments{x.scalar_type() == at::kBFloat16,
                                    relu,
                                    data(dy),
                                    data(y),
                                    data(x),
                                    weight.const_data_ptr<float>(),
                                    statistics.mean.const_data_ptr<float>(),
                                    statistics.inverse.const_data_ptr<float>(),
                                    statistics.rounding.const_data_ptr<float>(),
                                    channels,
                                    rows,
                                    chunks,
                                    floats + 3 * channels,
                                    floats,
                                    floats + channels,
                                    floats + 2 * channels,
                                    out.weight.mutable_data_ptr<float>(),
                                    out.bias.mutable_data_ptr<float>(),
                                    out.g.defined() ? out.g.mutable_data_ptr() : nullptr,
                                    out.x.defined() ? out.x.mutable_data_ptr() : nullptr};
  cuda::batch_norm_backward()(x.device(), &arguments);
}

class BatchNormAct : public torch::autograd::Function<BatchNormAct> {
 public:
  // The buffers go by value: autograd takes no undefined tensor as an argument of its own.
  struct Rest {
    at::Tensor running_mean, running_var;
    double momentum, eps;
    bool relu;
  };

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& residual, const Rest& rest) {
    const bool relu = rest.relu;
    const auto x = channels_last(input), added = channels_last(residual.value_or(at::Tensor()));
    const auto y = at::empty_like(x);
    const Parameters parameters{weight, bias, rest.running_mean, rest.running_var, rest.momentum, rest.eps};
    const auto [mean, inverse, rounding] =
        (x.is_cpu() ? forward_on_cpu : forward_on_cuda)(x, parameters, relu, added, y);
    context->save_for_backward({x, relu ? y : at::Tensor(), weight, mean, inverse, rounding});
    context->saved_data["relu"] = relu;
    context->saved_data["residual"] = added.defined();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) throw Error("batch_norm_act has no second derivative");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[1], &weight = saved[2];
    const bool relu = context->saved_data["relu"].toBool();
    const bool for_residual = context->saved_data["residual"].toBool() && context->needs_input_grad(3);
    const auto dy = channels_last(gradients[0]);
    Gradients out{.weight = at::empty_like(weight), .bias = at::empty_like(weight)};
    if (context->needs_input_grad(0)) out.x = at::empty_like(x);
    if (for_residual && relu) out.g = at::empty_like(x);
    (x.is_cpu() ? backward_on_cpu : backward_on_cuda)(dy, y, x, weight, {saved[3], saved[4], saved[5]}, relu, out);
    const auto residual = !for_residual ? at::Tensor() : relu ? out.g : dy;
    return {out.x, out.weight, out.bias, residual, {}};
  }
};

bool covered(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean,
             const at::Tensor& running_var, const at::Tensor& residual) {
  const auto vector = [&](const at::Tensor& tensor) { return is_float_vector(tensor, x.size(1)); };
  return is_float_or_bfloat16(x) && vector(weight) && vector(bias) &&
         (!running_mean.defined() || vector(running_mean)) && (!running_var.defined() || vector(running_var)) &&
         (!residual.defined() || (residual.sizes() == x.sizes() && residual.scalar_type() == x.scalar_type())) &&
         (x.is_cpu() || (x.is_cuda() && cuda::batch_norm_forward().available()));
}

}  // namespace

at::Tensor batch_norm_act_reference(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                    const at::Tensor& running_mean, const at::Tensor& running_var, double momentum,
                                    double eps, bool relu, const at::Tensor& residual) {
  auto y = at::batch_norm(x, weight, bias, running_mean, running_var, /*training=*/true, momentum, eps,
                          /*cudnn_enabled=*/true);
  if (residual.defined()) y = y + residual;
  return relu ? y.relu() : y;
}

at::Tensor batch_norm_act(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& running_mean, const at::Tensor& running_var, double momentum, double eps,
                          bool relu, const at::Tensor& residual) {
  if (x.dim() != 4 || x.numel() <= x.size(1)) {
    throw ShapeError("batch normalization in training takes [N, C, H, W] with at least two values a channel, found " +
                     shape_text(x.sizes()));
  }
  if (!covered(x, weight, bias, running_mean, running_var, residual)) {
    return batch_norm_act_reference(x, weight, bias, running_mean, running_var, momentum, eps, relu, residual);
  }
  const auto added = residual.defined() ? std::optional(residual) : std::nullopt;
  return BatchNormAct::apply(x, weight, bias, added,
                             BatchNormAct::Rest{running_mean, running_var, momentum, eps, relu});
}

}  // namespace retort::kernels
