#include <memory>
#include <vector>

#include "../image_classifier.hpp"

// ShuffleNetV2 (Ma et al., 2018) of width 1 for 32x32 images: a 1x1 stem of stride 1 and no pooling behind it. Named
// and laid out as in RepDistiller, whose published checkpoints load by name.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;
using retort::models::conv1x1;
using retort::models::depthwise_conv3x3;

constexpr std::int64_t kStemWidth = 24;
constexpr std::int64_t kFeatures = 1024;
constexpr std::int64_t kBranches = 2;

// Half of the channels pass unchanged, the other half is filtered; then the halves are mixed.
class BasicUnit final : public nn::Module {
 public:
  explicit BasicUnit(std::int64_t channels)
      : conv1_(register_module("conv1", conv1x1(channels / 2, channels / 2))),
        bn1_(register_module("bn1", nn::BatchNorm2d(channels / 2))),
        conv2_(register_module("conv2", depthwise_conv3x3(channels / 2))),
        bn2_(register_module("bn2", nn::BatchNorm2d(channels / 2))),
        conv3_(register_module("conv3", conv1x1(channels / 2, channels / 2))),
        bn3_(register_module("bn3", nn::BatchNorm2d(channels / 2))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const auto halves = x.chunk(2, 1);
    auto out = bn1_(conv1_(halves[1])).relu_();
    out = bn2_(conv2_(out));
    out = bn3_(conv3_(out)).relu_();
    return torch::channel_shuffle(torch::cat({halves[0], out}, 1), kBranches);
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Conv2d conv3_;
  nn::BatchNorm2d bn3_;
};

// Both branches read all channels and halve the resolution: conv1 and conv2 are the one, conv3 to conv5 the other.
class DownUnit final : public nn::Module {
 public:
  DownUnit(std::int64_t in, std::int64_t out)
      : conv1_(register_module("conv1", depthwise_conv3x3(in, 2))),
        bn1_(register_module("bn1", nn::BatchNorm2d(in))),
        conv2_(register_module("conv2", conv1x1(in, out / 2))),
        bn2_(register_module("bn2", nn::BatchNorm2d(out / 2))),
        conv3_(register_module("conv3", conv1x1(in, out / 2))),
        bn3_(register_module("bn3", nn::BatchNorm2d(out / 2))),
        conv4_(register_module("conv4", depthwise_conv3x3(out / 2, 2))),
        bn4_(register_module("bn4", nn::BatchNorm2d(out / 2))),
        conv5_(register_module("conv5", conv1x1(out / 2, out / 2))),
        bn5_(register_module("bn5", nn::BatchNorm2d(out / 2))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const auto left = bn2_(conv2_(bn1_(conv1_(x)))).relu_();
    const auto widened = bn3_(conv3_(x)).relu_();
    const auto right = bn5_(conv5_(bn4_(conv4_(widened)))).relu_();
    return torch::channel_shuffle(torch::cat({left, right}, 1), kBranches);
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Conv2d conv3_;
  nn::BatchNorm2d bn3_;
  nn::Conv2d conv4_;
  nn::BatchNorm2d bn4_;
  nn::Conv2d conv5_;
  nn::BatchNorm2d bn5_;
};

class ShuffleNetV2 final : public retort::models::StagedClassifier {
 public:
  ShuffleNetV2(const Options& options, retort::Context& context) : StagedClassifier(options.input_shape) {
    add_stem(conv1x1(input_shape()[0], kStemWidth));
    add_stage("layer1", "After the first stage, at half the resolution, behind its last shuffle.",
              stage(4, kStemWidth, 116));
    add_stage("layer2", "After the second stage, at a quarter of the resolution, behind its last shuffle.",
              stage(8, 116, 232));
    add_stage("layer3", "After the third stage, at an eighth of the resolution, behind its last shuffle.",
              stage(4, 232, 464));
    add_layers(register_conv_bn_relu("conv2", "bn2", conv1x1(464, kFeatures)));
    add_classifier("linear", nn::Linear(kFeatures, options.classes),
                   "The globally averaged features that the classifier reads, 1024 of them.");
    retort::models::initialise_as_pytorch(*this, context.generator);
  }

 private:
  static nn::Sequential stage(std::int64_t units, std::int64_t in, std::int64_t out) {
    return retort::models::blocks(units, std::make_shared<DownUnit>(in, out),
                                  [out] { return std::make_shared<BasicUnit>(out); });
  }
};

auto description() {
  auto result = retort::describe<Options>("ShuffleV2", "1.0.0");
  result.summary("ShuffleNetV2 for small images: width 1, up to 1024 channels.")
      .reference(
          "Ma et al., ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018; layout of "
          "RepDistiller");
  return retort::models::with_image_params(result);
}

}  // namespace

RETORT_PLUGIN(ShuffleNetV2, description());
