#include "affine_act.hpp"

#include <ATen/ATen.h>
#include <retort/kernels/parallel.hpp>

#include "batch_norm_cuda.hpp"
#include "batch_norm_kernel.hpp"
#include "feature_map.hpp"

namespace retort::kernels {
namespace {

bool differentiated(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& residual) {
  return at::GradMode::is_enabled() && (x.requires_grad() || scale.requires_grad() || shift.requires_grad() ||
                                        (residual.defined() && residual.requires_grad()));
}

bool covered(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& residual) {
  return x.dim() == 4 && is_float_or_bfloat16(x) && is_float_vector(scale, x.size(1)) &&
         is_float_vector(shift, x.size(1)) &&
         (!residual.defined() || (residual.sizes() == x.sizes() && residual.scalar_type() == x.scalar_type())) &&
         !differentiated(x, scale, shift, residual) &&
         (x.is_cpu() || (x.is_cuda() && cuda::scale_and_shift().available()));
}

}  // namespace

at::Tensor affine_act_reference(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, bool relu,
                                const at::Tensor& residual) {
  const auto type = at::promote_types(x.scalar_type(), scale.scalar_type());
  auto y = x.to(type) * scale.view({1, -1, 1, 1}) + shift.view({1, -1, 1, 1});
  if (residual.defined()) y = y + residual;
  if (relu) y = y.relu();
  return y.to(x.scalar_type());
}

at::Tensor affine_act(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, bool relu,
                      const at::Tensor& residual) {
  if (!covered(x, scale, shift, residual)) return affine_act_reference(x, scale, shift, relu, residual);
  const auto map = channels_last(x), added = channels_last(residual);
  const auto y = at::empty_like(map);
  const auto channels = map.size(1), rows = map.numel() / std::max<std::int64_t>(channels, 1);
  if (rows == 0) return y;
  const auto zero = at::zeros_like(scale);
  ScaleAndShift work{map.scalar_type() == at::kBFloat16,
                     relu,
                     data(map),
                     data(added),
                     zero.const_data_ptr<float>(),
                     scale.const_data_ptr<float>(),
                     shift.const_data_ptr<float>(),
                     channels,
                     0,
                     rows,
                     y.mutable_data_ptr()};
  if (x.is_cuda()) {
    cuda::scale_and_shift()(x.device(), &work);
    return y;
  }
  parallel_parts(rows, parts_of(rows, grain(channels)), [&](auto, std::int64_t begin, std::int64_t end) {
    ScaleAndShift part = work;
    part.begin = begin;
    part.end = end;
    at::native::retort_scale_and_shift(c10::kCPU, part);
  });
  return y;
}

}  // namespace retort::kernels
