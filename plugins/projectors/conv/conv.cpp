#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <retort/plugin.hpp>

struct Options {
  std::int64_t kernel = 1;
  bool bias = true;
  bool batch_norm = false;
  bool relu = false;
};

namespace {

// By how much each side of the map shrinks. Throws ShapeError unless it is the same whole number for both.
std::int64_t stride_of(const retort::ProjectorShapes& shapes) {
  const auto& [from, to] = shapes;
  const std::string found = ", found " + retort::shape_text(from) + " and " + retort::shape_text(to);
  if (from.size() != 3 || to.size() != 3) {
    throw retort::ShapeError("the conv projector joins feature maps [C, H, W]" + found +
                             "; the linear projector joins vectors and tokens, the adapter maps and vectors");
  }
  const std::int64_t stride = std::max<std::int64_t>(1, from[1] / to[1]);
  if (from[1] != stride * to[1] || from[2] != stride * to[2]) {
    throw retort::ShapeError("the conv projector keeps height and width or divides both by one whole number" + found +
                             "; the adapter projector joins maps of any size");
  }
  return stride;
}

}  // namespace

// Feature maps [N, C, H, W] to [N, C', H/s, W/s]: a convolution with padding (kernel - 1) / 2 and stride s, then batch
// normalisation (with scale and shift; statistics of the batch in training, running ones in evaluation), then ReLU.
// With kernel 1 and s = 1 it is the linear map of the channels at each position.
class Conv final : public retort::Projector {
 public:
  Conv(const retort::ProjectorShapes& shapes, const Options& options) : relu_(options.relu) {
    const std::int64_t stride = stride_of(shapes);
    if (options.kernel % 2 == 0) {
      throw retort::InvalidParameter("kernel must be odd, such as 1 or 3, found " + std::to_string(options.kernel));
    }
    const std::int64_t out = shapes.out[0];
    // Batch normalisation takes the mean, and with it any bias, away.
    conv_ = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(shapes.in[0], out, options.kernel)
                                                          .stride(stride)
                                                          .padding((options.kernel - 1) / 2)
                                                          .bias(options.bias && !options.batch_norm)));
    if (options.batch_norm) norm_ = register_module("norm", torch::nn::BatchNorm2d(out));
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    torch::Tensor x = conv_(features);
    if (norm_) x = norm_(x);
    return relu_ ? torch::relu(x) : x;
  }

 private:
  bool relu_;
  torch::nn::Conv2d conv_ = nullptr;
  torch::nn::BatchNorm2d norm_ = nullptr;
};

RETORT_PLUGIN(
    Conv, retort::describe<Options>("conv", "1.0.0")
              .summary("A trained convolution between feature maps of equal size, or strided to one of whole fractions "
                       "of it.")
              .reference("Romero et al. 2015, FitNets: Hints for Thin Deep Nets")
              .param(&Options::kernel, "kernel", "Side of the kernel: odd, such as 1 or 3.", retort::Range::at_least(1))
              .param(&Options::bias, "bias", "Add a trained bias, unless batch_norm takes it away.")
              .param(&Options::batch_norm, "batch_norm",
                     "Follow with batch normalisation: batch statistics in training, running ones in evaluation.")
              .param(&Options::relu, "relu", "End with ReLU."));
