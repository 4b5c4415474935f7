#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include <retort/error.hpp>

namespace retort {

// A shape without its batch dimension: {100} for logits, {64, 8, 8} for a feature map (channels, height, width),
// {197, 192} for tokens (count, width).
using Shape = std::vector<std::int64_t>;

// "64x8x8"
inline std::string shape_text(c10::IntArrayRef shape) {
  std::string text;
  for (const std::int64_t size : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(size);
  }
  return text.empty() ? "scalar" : text;
}

// Throws ShapeError unless `a` and `b` have the same shape; `what` names the two: "student and teacher logits".
inline void check_same_shape(const at::Tensor& a, const at::Tensor& b, const std::string& what) {
  if (a.sizes() != b.sizes()) {
    throw ShapeError(what + " must have the same shape, found " + shape_text(a.sizes()) + " and " +
                     shape_text(b.sizes()) + "; a projector can bring one to the shape of the other");
  }
}

}  // namespace retort
