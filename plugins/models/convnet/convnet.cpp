#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

namespace {

namespace nn = torch::nn;

struct Options {
  std::int64_t classes = 10;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
  std::vector<std::int64_t> channels = {32, 64};
};

std::string layer_name(std::size_t i) {
  return "layer" + std::to_string(i + 1);
}

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
class ConvNet final : public retort::Model {
 public:
  ConvNet(const Options& options, retort::Context& context) : input_(retort::models::image_input(options.input_shape)) {
    check_resolution(options);
    std::int64_t features = input_.shape[0];
    for (const std::int64_t width : options.channels) {
      layers_.push_back(register_module(layer_name(layers_.size()), std::make_shared<ConvBlock>(features, width)));
      features = width;
    }
    fc_ = register_module("fc", nn::Linear(features, options.classes));
    retort::models::initialise(*this, context.generator);
  }

  std::vector<retort::TapInfo> taps() const override {
    std::vector<retort::TapInfo> taps;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      taps.push_back({layer_name(i), "After block " + std::to_string(i + 1) + ", behind its pooling."});
    }
    taps.push_back({"penultimate", "The globally averaged features that the classifier reads."});
    taps.push_back({"logits", "The class scores before the softmax."});
    return taps;
  }

  retort::InputSpec input() const override { return input_; }

  retort::Taps forward(const retort::ModelInput& input, const retort::TapRequest& request) override {
    retort::Taps taps(request);
    auto x = input.images;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      x = layers_[i]->forward(x);
      if (taps.put(layer_name(i), x)) return taps;
    }
    x = retort::models::global_average(x);
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", fc_(x));
    return taps;
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

  retort::InputSpec input_;
  std::vector<std::shared_ptr<ConvBlock>> layers_;
  nn::Linear fc_{nullptr};
};

auto description() {
  auto result = retort::describe<Options>("convnet", "1.0.0");
  result.summary("Small convolutional network: blocks of 3x3 convolution, batch norm, ReLU and pooling.");
  return retort::models::with_image_params(result).param(&Options::channels, "channels", "Channels of each block.",
                                                         retort::Range::at_least(1));
}

}  // namespace

RETORT_PLUGIN(ConvNet, description());
