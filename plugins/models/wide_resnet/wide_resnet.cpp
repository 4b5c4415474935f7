#include <memory>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

// The wide residual networks wrn_D_W (Zagoruyko and Komodakis, 2016) without dropout, named and laid out as in
// RepDistiller, whose published teachers load by name.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;
using retort::models::conv1x1;
using retort::models::conv3x3;

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
      : layer_(register_module("layer",
                               retort::models::blocks(blocks, std::make_shared<BasicBlock>(in, out, stride),
                                                      [out] { return std::make_shared<BasicBlock>(out, out, 1); }))) {}

  torch::Tensor forward(const torch::Tensor& x) { return layer_->forward(x); }

 private:
  nn::Sequential layer_;
};

class WideResNet final : public retort::models::StagedClassifier {
 public:
  WideResNet(std::int64_t depth, std::int64_t width, const Options& options, retort::Context& context)
      : StagedClassifier(options.input_shape) {
    const std::int64_t blocks = (depth - 4) / 6;
    add_stage({"stem", "The first convolution's output, before any batch norm or ReLU."},
              runs(register_module("conv1", conv3x3(input_shape()[0], 16))));
    add_stage("block1", "After the first stage, at full resolution, before the next batch norm and ReLU.",
              std::make_shared<NetworkBlock>(blocks, 16, 16 * width, 1));
    add_stage("block2", "After the second stage, at half the resolution, before the next batch norm and ReLU.",
              std::make_shared<NetworkBlock>(blocks, 16 * width, 32 * width, 2));
    add_stage("block3", "After the third stage, at a quarter of the resolution, before the last batch norm and ReLU.",
              std::make_shared<NetworkBlock>(blocks, 32 * width, 64 * width, 2));
    add_layers([bn = register_module("bn1", nn::BatchNorm2d(64 * width))](const torch::Tensor& x) {
      return bn->forward(x).relu_();
    });
    const nn::Linear fc = add_classifier("fc", nn::Linear(64 * width, options.classes),
                                         "The activated, globally averaged features that the classifier reads.");
    retort::models::initialise(*this, context.generator);
    nn::init::zeros_(fc->bias);
  }
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
