#pragma once

#include <torch/nn/modules/linear.h>

#include <retort/plugin.hpp>

#include "last_dimension.hpp"

enum class Activation { Relu, LeakyRelu, Gelu, Silu, Tanh };

// The hidden layers of an mlp: all of their widths, or how many of one width.
struct LayerOptions {
  std::optional<std::vector<std::int64_t>> hidden;
  std::optional<std::int64_t> depth;
  std::optional<std::int64_t> width;
  Activation activation = Activation::Relu;
  bool bias = true;

  // Throws InvalidParameter when both ways of saying it are used.
  std::vector<std::int64_t> hidden_widths(std::int64_t out) const {
    if (!hidden) return std::vector<std::int64_t>(static_cast<std::size_t>(depth.value_or(1)), width.value_or(4 * out));
    if (depth || width) {
      throw retort::InvalidParameter(
          "hidden lists the widths of all hidden layers: depth and width cannot stand beside it");
    }
    return *hidden;
  }
};

// Declares the members of LayerOptions, from which `Options` may be derived.
template <class Options>
retort::Description<Options> with_layers(retort::Description<Options> description) {
  const auto own = []<class T>(T LayerOptions::*member) -> T Options::* { return member; };
  description
      .param(own(&LayerOptions::depth), "depth", "Number of hidden layers; unset: 1.", retort::Range::at_least(0))
      .param(own(&LayerOptions::width), "width", "Width of each hidden layer; unset: four times the output's.",
             retort::Range::at_least(1))
      .param(own(&LayerOptions::hidden), "hidden", "Widths of the hidden layers, in place of depth and width.",
             retort::Range::at_least(1))
      .param(own(&LayerOptions::activation), "activation", "Between the layers.",
             {{"relu", Activation::Relu},
              {"leaky_relu", Activation::LeakyRelu},
              {"gelu", Activation::Gelu},
              {"silu", Activation::Silu},
              {"tanh", Activation::Tanh}})
      .param(own(&LayerOptions::bias), "bias", "Add trained biases.");
  return description;
}

inline torch::Tensor activate(Activation activation, const torch::Tensor& x) {
  switch (activation) {
    case Activation::Relu:
      return torch::relu(x);
    case Activation::LeakyRelu:
      return torch::leaky_relu(x);
    case Activation::Gelu:
      return torch::gelu(x);
    case Activation::Silu:
      return torch::silu(x);
    case Activation::Tanh:
      break;
  }
  return torch::tanh(x);
}

// Linear layers over the last dimension with an activation between each two; initialised as torch.nn.Linear.
class LayersImpl final : public torch::nn::Module {
 public:
  // `widths`: of the input, of each hidden layer, of the output.
  LayersImpl(const std::vector<std::int64_t>& widths, Activation activation, bool bias) : activation_(activation) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const auto layer = torch::nn::LinearOptions(widths[i], widths[i + 1]).bias(bias);
      layers_.push_back(register_module("linear" + std::to_string(i + 1), torch::nn::Linear(layer)));
    }
  }

  torch::Tensor forward(const torch::Tensor& features) {
    torch::Tensor x = layers_.front()(features);
    for (std::size_t i = 1; i < layers_.size(); ++i) x = layers_[i](activate(activation_, x));
    return x;
  }

 private:
  Activation activation_;
  std::vector<torch::nn::Linear> layers_;
};
TORCH_MODULE(Layers);

// The layers of an mlp between two widths.
inline Layers make_mlp(const LastDimension& width, const LayerOptions& options) {
  std::vector<std::int64_t> widths = options.hidden_widths(width.out);
  widths.insert(widths.begin(), width.in);
  widths.push_back(width.out);
  return Layers(widths, options.activation, options.bias);
}
