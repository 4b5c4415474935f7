#pragma once

#include <functional>
#include <map>
#include <string>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <retort/error.hpp>

#include "program.hpp"

namespace retort::program {

// A forward pass with something in it that cannot be recorded.
class NotRecordable : public Error {
 public:
  using Error::Error;
};

using Outputs = std::map<std::string, at::Tensor>;
using Forward = std::function<Outputs(const at::Tensor& images, const at::Tensor& target)>;

// Runs `forward` once and notes its operators. The parameters and buffers of `module` become weights, `images` and
// `target` (may be undefined) inputs; whatever else it reads is constant, sizes among it: a program is for batches of
// one shape. Throws NotRecordable. [step thread]
Program record(const torch::nn::Module& module, const at::Tensor& images, const at::Tensor& target,
               const Forward& forward);

}  // namespace retort::program
