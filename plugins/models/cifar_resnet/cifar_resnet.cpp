#include <array>
#include <memory>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

// The ResNets for 32x32 images (He et al., 2016, section 4.2) with projection shortcuts (option B), named and laid out
// as in RepDistiller, whose published teachers load by name.

namespace {

namespace nn = torch::nn;
using retort::models::conv1x1;
using retort::models::conv3x3;

struct Options {
  std::int64_t classes = 100;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
};

struct Architecture {
  const char* name;
  std::int64_t depth;                  // 6n + 2: n blocks of two convolutions a stage
  std::array<std::int64_t, 4> widths;  // channels of the stem and of the three stages
};

constexpr Architecture kArchitectures[] = {
    {"resnet8", 8, {16, 16, 32, 64}},     {"resnet14", 14, {16, 16, 32, 64}},   {"resnet20", 20, {16, 16, 32, 64}},
    {"resnet32", 32, {16, 16, 32, 64}},   {"resnet44", 44, {16, 16, 32, 64}},   {"resnet56", 56, {16, 16, 32, 64}},
    {"resnet110", 110, {16, 16, 32, 64}}, {"resnet8x4", 8, {32, 64, 128, 256}}, {"resnet32x4", 32, {32, 64, 128, 256}}};

class BasicBlock final : public nn::Module {
 public:
  BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride)
      : conv1_(register_module("conv1", conv3x3(in, out, stride))),
        bn1_(register_module("bn1", nn::BatchNorm2d(out))),
        conv2_(register_module("conv2", conv3x3(out, out))),
        bn2_(register_module("bn2", nn::BatchNorm2d(out))) {
    if (stride != 1 || in != out) {
      downsample_ = register_module("downsample", nn::Sequential(conv1x1(in, out, stride), nn::BatchNorm2d(out)));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto out = bn1_(conv1_(x)).relu_();
    out = bn2_(conv2_(out));
    out += downsample_.is_empty() ? x : downsample_->forward(x);
    return out.relu_();
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Sequential downsample_{nullptr};
};

class CifarResNet final : public retort::Model {
 public:
  CifarResNet(const Architecture& architecture, const Options& options, retort::Context& context)
      : input_(retort::models::image_input(options.input_shape)) {
    const auto& [name, depth, widths] = architecture;
    const std::int64_t blocks = (depth - 2) / 6;
    conv1_ = register_module("conv1", conv3x3(input_.shape[0], widths[0]));
    bn1_ = register_module("bn1", nn::BatchNorm2d(widths[0]));
    layer1_ = register_module("layer1", stage(blocks, widths[0], widths[1], 1));
    layer2_ = register_module("layer2", stage(blocks, widths[1], widths[2], 2));
    layer3_ = register_module("layer3", stage(blocks, widths[2], widths[3], 2));
    fc_ = register_module("fc", nn::Linear(widths[3], options.classes));
    retort::models::initialise(*this, context.generator);
  }

  std::vector<retort::TapInfo> taps() const override {
    return {{"stem", "After the first convolution, its batch norm and ReLU."},
            {"layer1", "After the first stage, at full resolution, behind its last ReLU."},
            {"layer2", "After the second stage, at half the resolution, behind its last ReLU."},
            {"layer3", "After the third stage, at a quarter of the resolution, behind its last ReLU."},
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
    x = retort::models::global_average(x);
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", fc_(x));
    return taps;
  }

 private:
  // `blocks` blocks; the first one changes the width and the resolution.
  static nn::Sequential stage(std::int64_t blocks, std::int64_t in, std::int64_t out, std::int64_t stride) {
    nn::Sequential layers;
    layers->push_back(std::make_shared<BasicBlock>(in, out, stride));
    for (std::int64_t i = 1; i < blocks; ++i) layers->push_back(std::make_shared<BasicBlock>(out, out, 1));
    return layers;
  }

  retort::InputSpec input_;
  nn::Conv2d conv1_{nullptr};
  nn::BatchNorm2d bn1_{nullptr};
  nn::Sequential layer1_{nullptr}, layer2_{nullptr}, layer3_{nullptr};
  nn::Linear fc_{nullptr};
};

std::vector<retort::Component> family() {
  std::vector<retort::Component> members;
  for (const Architecture& architecture : kArchitectures) {
    auto description = retort::describe<Options>(architecture.name, "1.0.0");
    description
        .summary("ResNet for small images: " + std::to_string(architecture.depth) + " layers, up to " +
                 std::to_string(architecture.widths.back()) + " channels.")
        .reference(
            "He et al., Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2; layout of RepDistiller");
    members.push_back(retort::models::family_member(retort::models::with_image_params(description),
                                                    [&architecture](const Options& options, retort::Context& context) {
                                                      return new CifarResNet(architecture, options, context);
                                                    }));
  }
  return members;
}

}  // namespace

RETORT_PLUGIN_COMPONENTS(family());
