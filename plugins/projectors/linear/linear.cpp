#include <torch/nn/modules/linear.h>

#include <retort/plugin.hpp>

#include "../last_dimension.hpp"

struct Options {
  bool bias = true;
};

// W z + b over the last dimension of vectors [N, C] or tokens [N, T, C]; initialised as torch.nn.Linear. At each
// position of a feature map it is the conv projector with kernel 1.
class Linear final : public retort::Projector {
 public:
  Linear(const retort::ProjectorShapes& shapes, const Options& options) {
    const LastDimension width(shapes, "linear");
    linear_ =
        register_module("linear", torch::nn::Linear(torch::nn::LinearOptions(width.in, width.out).bias(options.bias)));
  }

  torch::Tensor forward(const torch::Tensor& features) override { return linear_(features); }

 private:
  torch::nn::Linear linear_ = nullptr;
};

RETORT_PLUGIN(
    Linear,
    retort::describe<Options>("linear", "1.0.0")
        .summary("One trained linear map over the last dimension of vectors or tokens.")
        .reference("Miles and Mikolajczyk 2024, Understanding the Role of the Projector in Knowledge Distillation")
        .param(&Options::bias, "bias", "Add a trained bias."));
