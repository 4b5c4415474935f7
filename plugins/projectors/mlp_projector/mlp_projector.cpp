#include <torch/nn/modules/linear.h>

#include <retort/plugin.hpp>

#include "../last_dimension.hpp"

enum class Activation { Relu, Gelu };

struct Options {
  std::optional<std::vector<std::int64_t>> hidden;
  Activation activation = Activation::Relu;
  bool bias = true;
};

// Linear layers with an activation between each two, over the last dimension of vectors [N, C] or tokens [N, T, C].
class Mlp final : public retort::Projector {
 public:
  Mlp(const retort::ProjectorShapes& shapes, const Options& options) : activation_(options.activation) {
    const LastDimension width(shapes, "mlp");
    std::vector<std::int64_t> widths = options.hidden.value_or(std::vector<std::int64_t>{4 * width.out});
    widths.insert(widths.begin(), width.in);
    widths.push_back(width.out);
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const auto layer = torch::nn::LinearOptions(widths[i], widths[i + 1]).bias(options.bias);
      layers_.push_back(register_module("linear" + std::to_string(i + 1), torch::nn::Linear(layer)));
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    torch::Tensor x = layers_.front()(features);
    for (std::size_t i = 1; i < layers_.size(); ++i) {
      x = layers_[i](activation_ == Activation::Relu ? torch::relu(x) : torch::gelu(x));
    }
    return x;
  }

 private:
  Activation activation_;
  std::vector<torch::nn::Linear> layers_;
};

RETORT_PLUGIN(
    Mlp,
    retort::describe<Options>("mlp", "1.0.0")
        .summary("Trained linear layers with an activation between them, over the last dimension of vectors or tokens.")
        .reference(
            "the 512-2048-512 projector of Miles and Mikolajczyk 2024, Understanding the Role of the Projector in "
            "Knowledge Distillation")
        .param(&Options::hidden, "hidden", "Widths of the hidden layers; unset: one of four times the output's width.",
               retort::Range::at_least(1))
        .param(&Options::activation, "activation", "Between the layers.",
               {{"relu", Activation::Relu}, {"gelu", Activation::Gelu}})
        .param(&Options::bias, "bias", "Add trained biases."));
