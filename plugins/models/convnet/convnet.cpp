#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../image_classifier.hpp"

namespace {

namespace nn = torch::nn;

struct Options {
  std::int64_t classes = 10;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
  std::vector<std::int64_t> channels = {32, 64};
};

// Convolution, batch norm and ReLU, then the maximum over 2x2 pixels: half the resolution.
class ConvBlock final : public nn::Module {
 public:
  ConvBlock(std::int64_t in, std::int64_t out)
      : conv_(register_module("conv", retort::models::conv3x3(in, out))),
        bn_(register_module("bn", nn::BatchNorm2d(out))) {}

  torch::Tensor forward(const torch::Tensor& x) { return torch::max_pool2d(bn_(conv_(x)).relu_(), 2); }

 private:
  nn::Conv2d conv_;
  nn::BatchNorm2d bn_;
};

// A few such blocks, a global average and the classifier `fc`.
class ConvNet final : public retort::models::StagedClassifier {
 public:
  ConvNet(const Options& options, retort::Context& context) : StagedClassifier(options.input_shape) {
    check_resolution(options);
    std::int64_t features = input_shape()[0];
    for (std::size_t i = 1; i <= options.channels.size(); ++i) {
      const std::int64_t width = options.channels[i - 1];
      add_stage("layer" + std::to_string(i), "After block " + std::to_string(i) + ", behind its pooling.",
                std::make_shared<ConvBlock>(std::exchange(features, width), width));
    }
    add_classifier("fc", nn::Linear(features, options.classes));
    retort::models::initialise(*this, context.generator);
  }

 private:
  // Every block halves the resolution, rounding down; something must be left.
  static void check_resolution(const Options& options) {
    const std::int64_t side = std::min(options.input_shape[1], options.input_shape[2]);
    const std::size_t most = std::bit_width(static_cast<std::uint64_t>(side)) - 1;
    if (options.channels.size() > most) {
      throw retort::InvalidParameter("channels has " + std::to_string(options.channels.size()) +
                                     " blocks, each of which halves the image; images of " +
                                     retort::shape_text(options.input_shape) + " allow at most " +
                                     std::to_string(most));
    }
  }
};

auto description() {
  auto result = retort::describe<Options>("convnet", "1.0.0");
  result.summary("Small convolutional network: blocks of 3x3 convolution, batch norm, ReLU and pooling.");
  return retort::models::with_image_params(result).param(&Options::channels, "channels", "Channels of each block.",
                                                         retort::Range::at_least(1));
}

}  // namespace

RETORT_PLUGIN(ConvNet, description());
