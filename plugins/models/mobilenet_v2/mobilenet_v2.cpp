#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../image_classifier.hpp"

// MobileNetV2 (Sandler et al., 2018, table 2) at half width for 32x32 images, named and laid out as in RepDistiller,
// whose published checkpoints load by name. Unlike the paper's, its activations are ReLU, not ReLU6, and the 24 channel
// stage keeps the resolution.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;
using retort::models::conv1x1;

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

class MobileNetV2 final : public retort::models::StagedClassifier {
 public:
  MobileNetV2(const Options& options, retort::Context& context) : StagedClassifier(options.input_shape) {
    add_stage({"stem", "After the first convolution, at half the resolution, its batch norm and ReLU."},
              runs(register_module("conv1",
                                   nn::Sequential(retort::models::conv3x3(input_shape()[0], kStemWidth, /*stride=*/2),
                                                  nn::BatchNorm2d(kStemWidth), relu()))));
    auto blocks = register_module("blocks", nn::ModuleList());
    std::int64_t in = kStemWidth;
    for (const Stage& stage : kStages) {
      const std::string place = std::to_string(blocks->size());
      const std::string number = std::to_string(blocks->size() + 1);
      nn::Sequential layers = stage_layers(stage, std::exchange(in, stage.width));
      blocks->push_back(layers);
      add_stage({"blocks." + place, "After stage " + number + " of 7, at " + stage.resolution + ": " +
                                        std::to_string(stage.width) + " channels, without ReLU."},
                runs(layers));
    }
    add_layers(
        runs(register_module("conv2", nn::Sequential(conv1x1(in, kFeatures), nn::BatchNorm2d(kFeatures), relu()))));
    nn::Linear linear(kFeatures, options.classes);
    add_classifier("classifier", nn::Sequential(linear));
    retort::models::initialise(*this, context.generator);
    retort::models::initialise_narrow(linear, context.generator);
  }

 private:
  static nn::Sequential stage_layers(const Stage& stage, std::int64_t in) {
    const auto& [expansion, width, blocks, stride, resolution] = stage;
    return retort::models::blocks(blocks, std::make_shared<InvertedResidual>(in, width, stride, expansion),
                                  [width = width, expansion = expansion] {
                                    return std::make_shared<InvertedResidual>(width, width, 1, expansion);
                                  });
  }
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
