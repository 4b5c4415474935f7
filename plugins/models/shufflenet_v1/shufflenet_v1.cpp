#include <memory>
#include <vector>

#include "../image_classifier.hpp"

// ShuffleNet (Zhang et al., 2018) with three groups for 32x32 images: a 1x1 stem of stride 1 and no pooling behind it.
// Named and laid out as in RepDistiller, whose published checkpoints load by name.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;
using retort::models::conv1x1;

constexpr std::int64_t kStemWidth = 24;
constexpr std::int64_t kGroups = 3;

// Where the resolution is halved, the averaged input is appended to the channels; elsewhere it is added.
class ShuffleUnit final : public nn::Module {
 public:
  ShuffleUnit(std::int64_t in, std::int64_t out, std::int64_t stride)
      : halves_(stride == 2), first_groups_(in == kStemWidth ? 1 : kGroups) {
    const std::int64_t computed = halves_ ? out - in : out;
    const std::int64_t inner = computed / 4;
    conv1_ = register_module("conv1", conv1x1(in, inner, 1, first_groups_));
    bn1_ = register_module("bn1", nn::BatchNorm2d(inner));
    conv2_ = register_module("conv2", retort::models::depthwise_conv3x3(inner, stride));
    bn2_ = register_module("bn2", nn::BatchNorm2d(inner));
    conv3_ = register_module("conv3", conv1x1(inner, computed, 1, kGroups));
    bn3_ = register_module("bn3", nn::BatchNorm2d(computed));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto out = bn1_(conv1_(x)).relu_();
    out = bn2_(conv2_(torch::channel_shuffle(out, first_groups_))).relu_();
    out = bn3_(conv3_(out));
    if (halves_) return torch::cat({out, torch::avg_pool2d(x, 3, 2, 1)}, 1).relu_();
    return (out + x).relu_();
  }

 private:
  bool halves_;
  std::int64_t first_groups_;
  nn::Conv2d conv1_{nullptr};
  nn::BatchNorm2d bn1_{nullptr};
  nn::Conv2d conv2_{nullptr};
  nn::BatchNorm2d bn2_{nullptr};
  nn::Conv2d conv3_{nullptr};
  nn::BatchNorm2d bn3_{nullptr};
};

class ShuffleNetV1 final : public retort::models::StagedClassifier {
 public:
  ShuffleNetV1(const Options& options, retort::Context& context) : StagedClassifier(options.input_shape) {
    add_stem(conv1x1(input_shape()[0], kStemWidth));
    add_stage("layer1", "After the first stage, at half the resolution, behind its last ReLU.",
              stage(4, kStemWidth, 240));
    add_stage("layer2", "After the second stage, at a quarter of the resolution, behind its last ReLU.",
              stage(8, 240, 480));
    add_stage("layer3", "After the third stage, at an eighth of the resolution, behind its last ReLU.",
              stage(4, 480, 960));
    add_classifier("linear", nn::Linear(960, options.classes));
    retort::models::initialise_as_pytorch(*this, context.generator);
  }

 private:
  static nn::Sequential stage(std::int64_t units, std::int64_t in, std::int64_t out) {
    return retort::models::blocks(units, std::make_shared<ShuffleUnit>(in, out, 2),
                                  [out] { return std::make_shared<ShuffleUnit>(out, out, 1); });
  }
};

auto description() {
  auto result = retort::describe<Options>("ShuffleV1", "1.0.0");
  result.summary("ShuffleNet for small images: three groups, up to 960 channels.")
      .reference(
          "Zhang et al., ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices, CVPR "
          "2018; layout of RepDistiller");
  return retort::models::with_image_params(result);
}

}  // namespace

RETORT_PLUGIN(ShuffleNetV1, description());
