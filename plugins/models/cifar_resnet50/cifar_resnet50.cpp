#include <memory>
#include <vector>

#include "../image_classifier.hpp"

// ResNet-50 (He et al., 2016, table 1) for 32x32 images: a 3x3 stem of stride 1 and no pooling behind it. Named and
// laid out as in RepDistiller, whose published teachers load by name.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;
using retort::models::conv1x1;
using retort::models::conv3x3;

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

class ResNet50 final : public retort::models::StagedClassifier {
 public:
  ResNet50(const Options& options, retort::Context& context) : StagedClassifier(options.input_shape) {
    add_stem(conv3x3(input_shape()[0], kStemWidth));
    add_stage("layer1", "After the first stage, at full resolution, behind its last ReLU.",
              stage(3, kStemWidth, 64, 1));
    add_stage("layer2", "After the second stage, at half the resolution, behind its last ReLU.",
              stage(4, 64 * kExpansion, 128, 2));
    add_stage("layer3", "After the third stage, at a quarter of the resolution, behind its last ReLU.",
              stage(6, 128 * kExpansion, 256, 2));
    add_stage("layer4", "After the fourth stage, at an eighth of the resolution, behind its last ReLU.",
              stage(3, 256 * kExpansion, 512, 2));
    add_classifier("linear", nn::Linear(512 * kExpansion, options.classes));
    retort::models::initialise(*this, context.generator);
  }

 private:
  // `blocks` blocks of inner width `width`.
  static nn::Sequential stage(std::int64_t blocks, std::int64_t in, std::int64_t width, std::int64_t stride) {
    return retort::models::blocks(blocks, std::make_shared<Bottleneck>(in, width, stride),
                                  [width] { return std::make_shared<Bottleneck>(kExpansion * width, width, 1); });
  }
};

auto description() {
  auto result = retort::describe<Options>("ResNet50", "1.0.0");
  result.summary("ResNet for small images: 50 layers of bottleneck blocks, up to 2048 channels.")
      .reference("He et al., Deep Residual Learning for Image Recognition, CVPR 2016, table 1; layout of RepDistiller");
  return retort::models::with_image_params(result);
}

}  // namespace

RETORT_PLUGIN(ResNet50, description());
