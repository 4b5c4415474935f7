#include <memory>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

// The wide residual networks wrn_D_W (Zagoruyko and Komodakis, 2016) without dropout, named and laid out as in
// RepDistiller, whose published teachers load by name.

namespace {

namespace nn = torch::nn;
using retort::models::conv1x1;
using retort::models::conv3x3;

struct Options {
  std::int64_t classes = 100;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
};

constexpr std::int64_t kDepths[] = {10, 16, 22, 28, 34, 40};  // 6n + 4: n blocks of two convolutions a stage
constexpr std::int64_t kWidths[] = {1, 2, 4, 6, 8, 10};       // multiples of the channels of a plain ResNet

// A pre-activation block. Where the width changes, the shortcut convolution reads the activated input; elsewhere the
// shortcut is the raw input.
class BasicBlock final : public nn::Module {
 public:
  BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride)
      : bn1_(register_module("bn1", nn::BatchNorm2d(in))),
        conv1_(register_module("conv1", conv3x3(in, out, stride))),
        bn2_(register_module("bn2", nn::BatchNorm2d(out))),
        conv2_(register_module("conv2", conv3x3(out, out))) {
    if (in != out) shortcut_ = register_module("convShortcut", conv1x1(in, out, stride));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto activated = bn1_(x).relu_();
    const auto out = conv2_(bn2_(conv1_(activated)).relu_());
    return out + (shortcut_.is_empty() ? x : shortcut_(activated));
  }

 private:
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn2_;
  nn::Conv2d conv2_;
  nn::Conv2d shortcut_{nullptr};
};

// One stage: the first of its blocks changes the width and the resolution.
class NetworkBlock final : public nn::Module {
 public:
  NetworkBlock(std::int64_t blocks, std::int64_t in, std::int64_t out, std::int64_t stride)
      : layer_(register_module("layer", nn::Sequential())) {
    layer_->push_back(std::make_shared<BasicBlock>(in, out, stride));
    for (std::int64_t i = 1; i < blocks; ++i) layer_->push_back(std::make_shared<BasicBlock>(out, out, 1));
  }

  torch::Tensor forward(const torch::Tensor& x) { return layer_->forward(x); }

 private:
  nn::Sequential layer_;
};

class WideResNet final : public retort::Model {
 public:
  WideResNet(std::int64_t depth, std::int64_t width, const Options& options, retort::Context& context)
      : input_(retort::models::image_input(options.input_shape)) {
    const std::int64_t blocks = (depth - 4) / 6;
    conv1_ = register_module("conv1", conv3x3(input_.shape[0], 16));
    block1_ = register_module("block1", std::make_shared<NetworkBlock>(blocks, 16, 16 * width, 1));
    block2_ = register_module("block2", std::make_shared<NetworkBlock>(blocks, 16 * width, 32 * width, 2));
    block3_ = register_module("block3", std::make_shared<NetworkBlock>(blocks, 32 * width, 64 * width, 2));
    bn1_ = register_module("bn1", nn::BatchNorm2d(64 * width));
    fc_ = register_module("fc", nn::Linear(64 * width, options.classes));
    retort::models::initialise(*this, context.generator);
    nn::init::zeros_(fc_->bias);
  }

  std::vector<retort::TapInfo> taps() const override {
    return {{"stem", "The first convolution's output, before any batch norm or ReLU."},
            {"block1", "After the first stage, at full resolution, before the next batch norm and ReLU."},
            {"block2", "After the second stage, at half the resolution, before the next batch norm and ReLU."},
            {"block3", "After the third stage, at a quarter of the resolution, before the last batch norm and ReLU."},
            {"penultimate", "The activated, globally averaged features that the classifier reads."},
            {"logits", "The class scores before the softmax."}};
  }

  retort::InputSpec input() const override { return input_; }

  retort::Taps forward(const retort::ModelInput& input, const retort::TapRequest& request) override {
    retort::Taps taps(request);
    auto x = conv1_(input.images);
    if (taps.put("stem", x)) return taps;
    x = block1_->forward(x);
    if (taps.put("block1", x)) return taps;
    x = block2_->forward(x);
    if (taps.put("block2", x)) return taps;
    x = block3_->forward(x);
    if (taps.put("block3", x)) return taps;
    x = retort::models::global_average(bn1_(x).relu_());
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", fc_(x));
    return taps;
  }

 private:
  retort::InputSpec input_;
  nn::Conv2d conv1_{nullptr};
  std::shared_ptr<NetworkBlock> block1_, block2_, block3_;
  nn::BatchNorm2d bn1_{nullptr};
  nn::Linear fc_{nullptr};
};

retort::Component member(std::int64_t depth, std::int64_t width) {
  auto description = retort::describe<Options>("wrn_" + std::to_string(depth) + "_" + std::to_string(width), "1.0.0");
  description
      .summary("Wide ResNet for small images: " + std::to_string(depth) + " layers, widened " + std::to_string(width) +
               (width == 1 ? " time." : " times."))
      .reference("Zagoruyko and Komodakis, Wide Residual Networks, BMVC 2016; layout of RepDistiller");
  return retort::models::family_member(retort::models::with_image_params(description),
                                       [depth, width](const Options& options, retort::Context& context) {
                                         return new WideResNet(depth, width, options, context);
                                       });
}

std::vector<retort::Component> family() {
  std::vector<retort::Component> members;
  for (const std::int64_t depth : kDepths) {
    for (const std::int64_t width : kWidths) members.push_back(member(depth, width));
  }
  return members;
}

}  // namespace

RETORT_PLUGIN_COMPONENTS(family());
