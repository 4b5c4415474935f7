#include <array>
#include <memory>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

// The ResNets for 32x32 images (He et al., 2016, section 4.2) with projection shortcuts (option B), named and laid out
// as in RepDistiller, whose published teachers load by name.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;
using retort::models::conv1x1;
using retort::models::conv3x3;

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

class CifarResNet final : public retort::models::StagedClassifier {
 public:
  CifarResNet(const Architecture& architecture, const Options& options, retort::Context& context)
      : StagedClassifier(options.input_shape) {
    const auto& [name, depth, widths] = architecture;
    const std::int64_t blocks = (depth - 2) / 6;
    add_stem(conv3x3(input_shape()[0], widths[0]));
    add_stage("layer1", "After the first stage, at full resolution, behind its last ReLU.",
              stage(blocks, widths[0], widths[1], 1));
    add_stage("layer2", "After the second stage, at half the resolution, behind its last ReLU.",
              stage(blocks, widths[1], widths[2], 2));
    add_stage("layer3", "After the third stage, at a quarter of the resolution, behind its last ReLU.",
              stage(blocks, widths[2], widths[3], 2));
    add_classifier("fc", nn::Linear(widths[3], options.classes));
    retort::models::initialise(*this, context.generator);
  }

 private:
  static nn::Sequential stage(std::int64_t blocks, std::int64_t in, std::int64_t out, std::int64_t stride) {
    return retort::models::blocks(blocks, std::make_shared<BasicBlock>(in, out, stride),
                                  [out] { return std::make_shared<BasicBlock>(out, out, 1); });
  }
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
