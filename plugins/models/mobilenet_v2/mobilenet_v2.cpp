#include <memory>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

// MobileNetV2 (Sandler et al., 2018, table 2) at half width for 32x32 images, named and laid out as in RepDistiller,
// whose published checkpoints load by name. Unlike the paper's, its activations are ReLU, not ReLU6, and the 24 channel
// stage keeps the resolution.

namespace {

namespace nn = torch::nn;
using retort::models::conv1x1;

struct Options {
  std::int64_t classes = 100;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
};

struct Stage {
  std::int64_t expansion;  // inner width of a block, in multiples of its input channels
  std::int64_t width;      // output channels, half the paper's
  std::int64_t blocks;
  std::int64_t stride;     // of the first block
  const char* resolution;  // for the documentation of the tap
};

constexpr std::int64_t kStemWidth = 16;
constexpr Stage kStages[] = {{1, 8, 1, 1, "half the resolution"},
                             {6, 12, 2, 1, "half the resolution"},
                             {6, 16, 3, 2, "a quarter of the resolution"},
                             {6, 32, 4, 2, "an eighth of the resolution"},
                             {6, 48, 3, 1, "an eighth of the resolution"},
                             {6, 80, 3, 2, "a sixteenth of the resolution"},
                             {6, 160, 1, 1, "a sixteenth of the resolution"}};
constexpr std::int64_t kFeatures = 1280;

std::string stage_name(std::size_t i) {
  return "blocks." + std::to_string(i);
}

nn::ReLU relu() {
  return nn::ReLU(nn::ReLUOptions(/*inplace=*/true));
}

// Widens, filters each channel alone, narrows; the narrow output has no ReLU. The widening convolution is there even
// when it does not widen.
class InvertedResidual final : public nn::Module {
 public:
  InvertedResidual(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t expansion)
      : residual_(stride == 1 && in == out) {
    const std::int64_t inner = in * expansion;
    conv_ =
        register_module("conv", nn::Sequential(conv1x1(in, inner), nn::BatchNorm2d(inner), relu(),
                                               retort::models::depthwise_conv3x3(inner, stride), nn::BatchNorm2d(inner),
                                               relu(), conv1x1(inner, out), nn::BatchNorm2d(out)));
  }

  torch::Tensor forward(const torch::Tensor& x) { return residual_ ? conv_->forward(x) + x : conv_->forward(x); }

 private:
  bool residual_;
  nn::Sequential conv_{nullptr};
};

class MobileNetV2 final : public retort::Model {
 public:
  MobileNetV2(const Options& options, retort::Context& context)
      : input_(retort::models::image_input(options.input_shape)) {
    conv1_ = register_module("conv1", nn::Sequential(retort::models::conv3x3(input_.shape[0], kStemWidth, /*stride=*/2),
                                                     nn::BatchNorm2d(kStemWidth), relu()));
    blocks_ = register_module("blocks", nn::ModuleList());
    std::int64_t in = kStemWidth;
    for (const Stage& stage : kStages) {
      nn::Sequential layers;
      for (std::int64_t i = 0; i < stage.blocks; ++i) {
        layers->push_back(
            std::make_shared<InvertedResidual>(in, stage.width, i == 0 ? stage.stride : 1, stage.expansion));
        in = stage.width;
      }
      blocks_->push_back(layers);
    }
    conv2_ = register_module("conv2", nn::Sequential(conv1x1(in, kFeatures), nn::BatchNorm2d(kFeatures), relu()));
    nn::Linear linear(kFeatures, options.classes);
    classifier_ = register_module("classifier", nn::Sequential(linear));
    retort::models::initialise(*this, context.generator);
    retort::models::initialise_narrow(linear, context.generator);
  }

  std::vector<retort::TapInfo> taps() const override {
    std::vector<retort::TapInfo> taps = {
        {"stem", "After the first convolution, at half the resolution, its batch norm and ReLU."}};
    for (std::size_t i = 0; i < std::size(kStages); ++i) {
      taps.push_back({stage_name(i), "After stage " + std::to_string(i + 1) + " of 7, at " + kStages[i].resolution +
                                         ": " + std::to_string(kStages[i].width) + " channels, without ReLU."});
    }
    taps.push_back({"penultimate", "The globally averaged features that the classifier reads."});
    taps.push_back({"logits", "The class scores before the softmax."});
    return taps;
  }

  retort::InputSpec input() const override { return input_; }

  retort::Taps forward(const retort::ModelInput& input, const retort::TapRequest& request) override {
    retort::Taps taps(request);
    auto x = conv1_->forward(input.images);
    if (taps.put("stem", x)) return taps;
    for (std::size_t i = 0; i < std::size(kStages); ++i) {
      x = blocks_[i]->as<nn::Sequential>()->forward(x);
      if (taps.put(stage_name(i), x)) return taps;
    }
    x = retort::models::global_average(conv2_->forward(x));
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", classifier_->forward(x));
    return taps;
  }

 private:
  retort::InputSpec input_;
  nn::Sequential conv1_{nullptr};
  nn::ModuleList blocks_{nullptr};
  nn::Sequential conv2_{nullptr};
  nn::Sequential classifier_{nullptr};
};

auto description() {
  auto result = retort::describe<Options>("MobileNetV2", "1.0.0");
  result.summary("MobileNetV2 for small images: half width, 17 inverted residual blocks.")
      .reference(
          "Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018; layout of RepDistiller");
  return retort::models::with_image_params(result);
}

}  // namespace

RETORT_PLUGIN(MobileNetV2, description());
