#include <memory>
#include <vector>

#include "../image_classifier.hpp"

// ResNet-50 (He et al., 2016, table 1) for 32x32 images: a 3x3 stem of stride 1 and no pooling behind it. Named and
// laid out as in RepDistiller, whose published teachers load by name.

namespace {

namespace nn = torch::nn;
using retort::models::conv1x1;
using retort::models::conv3x3;

struct Options {
  std::int64_t classes = 100;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
};

constexpr std::int64_t kStemWidth = 64;
constexpr std::int64_t kExpansion = 4;  // output channels of a block, in multiples of its inner width

class Bottleneck final : public nn::Module {
 public:
  Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride)
      : conv1_(register_module("conv1", conv1x1(in, width))),
        bn1_(register_module("bn1", nn::BatchNorm2d(width))),
        conv2_(register_module("conv2", conv3x3(width, width, stride))),
        bn2_(register_module("bn2", nn::BatchNorm2d(width))),
        conv3_(register_module("conv3", conv1x1(width, kExpansion * width))),
        bn3_(register_module("bn3", nn::BatchNorm2d(kExpansion * width))) {
    if (stride != 1 || in != kExpansion * width) {
      shortcut_ = register_module(
          "shortcut", nn::Sequential(conv1x1(in, kExpansion * width, stride), nn::BatchNorm2d(kExpansion * width)));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto out = bn1_(conv1_(x)).relu_();
    out = bn2_(conv2_(out)).relu_();
    out = bn3_(conv3_(out));
    out += shortcut_.is_empty() ? x : shortcut_->forward(x);
    return out.relu_();
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Conv2d conv3_;
  nn::BatchNorm2d bn3_;
  nn::Sequential shortcut_{nullptr};
};

class ResNet50 final : public retort::Model {
 public:
  ResNet50(const Options& options, retort::Context& context)
      : input_(retort::models::image_input(options.input_shape)) {
    conv1_ = register_module("conv1", conv3x3(input_.shape[0], kStemWidth));
    bn1_ = register_module("bn1", nn::BatchNorm2d(kStemWidth));
    layer1_ = register_module("layer1", stage(3, kStemWidth, 64, 1));
    layer2_ = register_module("layer2", stage(4, 64 * kExpansion, 128, 2));
    layer3_ = register_module("layer3", stage(6, 128 * kExpansion, 256, 2));
    layer4_ = register_module("layer4", stage(3, 256 * kExpansion, 512, 2));
    linear_ = register_module("linear", nn::Linear(512 * kExpansion, options.classes));
    retort::models::initialise(*this, context.generator);
  }

  std::vector<retort::TapInfo> taps() const override {
    return {{"stem", "After the first convolution, its batch norm and ReLU."},
            {"layer1", "After the first stage, at full resolution, behind its last ReLU."},
            {"layer2", "After the second stage, at half the resolution, behind its last ReLU."},
            {"layer3", "After the third stage, at a quarter of the resolution, behind its last ReLU."},
            {"layer4", "After the fourth stage, at an eighth of the resolution, behind its last ReLU."},
            {"penultimate", "The globally averaged features that the classifier reads."},
            {"logits", "The class scores before the softmax."}};
  }

  retort::InputSpec input() const override { return input_; }

  retort::Taps forward(const retort::ModelInput& input, const retort::TapRequest& request) override {
    retort::Taps taps(request);
    auto x = bn1_(conv1_(input.images)).relu_();
    if (taps.put("stem", x)) return taps;
    x = layer1_->forward(x);
    if (taps.put("layer1", x)) return taps;
    x = layer2_->forward(x);
    if (taps.put("layer2", x)) return taps;
    x = layer3_->forward(x);
    if (taps.put("layer3", x)) return taps;
    x = layer4_->forward(x);
    if (taps.put("layer4", x)) return taps;
    x = retort::models::global_average(x);
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", linear_(x));
    return taps;
  }

 private:
  // `blocks` blocks of inner width `width`; the first one changes the width and the resolution.
  static nn::Sequential stage(std::int64_t blocks, std::int64_t in, std::int64_t width, std::int64_t stride) {
    nn::Sequential layers;
    layers->push_back(std::make_shared<Bottleneck>(in, width, stride));
    for (std::int64_t i = 1; i < blocks; ++i) {
      layers->push_back(std::make_shared<Bottleneck>(kExpansion * width, width, 1));
    }
    return layers;
  }

  retort::InputSpec input_;
  nn::Conv2d conv1_{nullptr};
  nn::BatchNorm2d bn1_{nullptr};
  nn::Sequential layer1_{nullptr}, layer2_{nullptr}, layer3_{nullptr}, layer4_{nullptr};
  nn::Linear linear_{nullptr};
};

auto description() {
  auto result = retort::describe<Options>("ResNet50", "1.0.0");
  result.summary("ResNet for small images: 50 layers of bottleneck blocks, up to 2048 channels.")
      .reference("He et al., Deep Residual Learning for Image Recognition, CVPR 2016, table 1; layout of RepDistiller");
  return retort::models::with_image_params(result);
}

}  // namespace

RETORT_PLUGIN(ResNet50, description());
