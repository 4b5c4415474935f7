#pragma once

#include <algorithm>
#include <cstdint>

#include <ATen/core/Tensor.h>

// What the kernels of feature maps [N, C, H, W] have in common.
namespace retort::kernels {

inline at::Tensor channels_last(const at::Tensor& map) {
  return map.defined() ? map.contiguous(at::MemoryFormat::ChannelsLast) : map;
}

inline bool is_float_or_bfloat16(const at::Tensor& map) {
  return map.scalar_type() == at::kFloat || map.scalar_type() == at::kBFloat16;
}

inline bool is_float_vector(const at::Tensor& vector, std::int64_t channels) {
  return vector.scalar_type() == at::kFloat && vector.dim() == 1 && vector.size(0) == channels &&
         vector.is_contiguous();
}

inline const void* data(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr() : nullptr;
}

// The least number of rows, of one value a channel, that are worth a thread.
inline std::int64_t grain(std::int64_t channels) {
  return std::max<std::int64_t>(1, 16384 / channels);
}

}  // namespace retort::kernels
