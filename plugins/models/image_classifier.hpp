#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

#include <retort/plugin.hpp>

// What the image classifiers of this folder share.
namespace retort::models {

// The input of a model trained from scratch: any normalisation will do. Throws InvalidParameter unless `input_shape`
// is three positive integers.
inline InputSpec image_input(const std::vector<std::int64_t>& input_shape) {
  bool valid = input_shape.size() == 3;
  for (const std::int64_t size : input_shape) valid = valid && size > 0;
  if (!valid) {
    throw InvalidParameter("input_shape must be three positive integers {channels, height, width}, found " +
                           to_toml(Value(List(input_shape.begin(), input_shape.end()))));
  }
  return {.shape = input_shape, .mean = {}, .deviation = {}};
}

// Adds the two parameters that the host fills in from the data set.
template <class Options>
Description<Options>& with_image_params(Description<Options>& description) {
  return description
      .param(&Options::classes, "classes", "Number of classes; the data set's unless given.", Range::at_least(1))
      .param(&Options::input_shape, "input_shape", "Channels, height and width; the data set's unless given.",
             Range::at_least(1));
}

// A model that differs from its siblings by more than its options: `make(options, context)` creates it.
template <class Options, class Make>
Component family_member(const Description<Options>& description, Make make) {
  Component result;
  result.descriptor = description.descriptor();
  result.descriptor.kind = Kind::Model;
  result.descriptor.params = description.fields().specs();
  result.factory = ModelFactory([fields = description.fields(), make](const Table& table, Context& context) -> Model* {
    return make(fields.read(table), context);
  });
  return result;
}

inline torch::nn::Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

inline torch::nn::Conv2d conv1x1(std::int64_t in, std::int64_t out, std::int64_t stride = 1, std::int64_t groups = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1).stride(stride).groups(groups).bias(false));
}

// One 3x3 filter a channel.
inline torch::nn::Conv2d depthwise_conv3x3(std::int64_t channels, std::int64_t stride = 1) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(channels, channels, 3).stride(stride).padding(1).groups(channels).bias(false));
}

// [N, C, H, W] -> [N, C]
inline torch::Tensor global_average(const torch::Tensor& features) {
  return torch::adaptive_avg_pool2d(features, {1, 1}).flatten(1);
}

// U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weight and bias: what PyTorch does with convolutions and linear layers.
inline void initialise_by_fan_in(torch::Tensor& weight, torch::Tensor& bias, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  const double bound = 1.0 / std::sqrt(static_cast<double>(weight[0].numel()));
  weight.uniform_(-bound, bound, generator);
  if (bias.defined()) bias.uniform_(-bound, bound, generator);
}

// Convolutions: N(0, 2 / (k^2 c_out)) (He et al., 2015, fan-out), bias 0. Linear layers: PyTorch's default. Batch norms
// keep scale 1 and shift 0. Drawn from `generator`, so that a run's seed decides.
inline void initialise(torch::nn::Module& model, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      const torch::Tensor& weight = conv->weight;
      const auto fan_out = static_cast<double>(weight.size(0) * weight.size(2) * weight.size(3));
      weight.normal_(0.0, std::sqrt(2.0 / fan_out), generator);
      if (conv->bias.defined()) conv->bias.zero_();
    } else if (auto* linear = module->as<torch::nn::Linear>()) {
      initialise_by_fan_in(linear->weight, linear->bias, generator);
    }
  }
}

// PyTorch's default for every convolution and linear layer, drawn from `generator`.
inline void initialise_as_pytorch(torch::nn::Module& model, const at::Generator& generator) {
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) initialise_by_fan_in(conv->weight, conv->bias, generator);
    if (auto* linear = module->as<torch::nn::Linear>()) initialise_by_fan_in(linear->weight, linear->bias, generator);
  }
}

// N(0, 0.01^2), bias 0: the classifier of the VGGs and of MobileNetV2.
inline void initialise_narrow(torch::nn::Linear& linear, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  linear->weight.normal_(0.0, 0.01, generator);
  linear->bias.zero_();
}

}  // namespace retort::models
