#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../image_classifier.hpp"

// The VGG networks for 32x32 images, with batch norm and one linear layer as classifier, named and laid out as in
// RepDistiller, whose published teachers load by name. Three of the five poolings halve the resolution; the fourth does
// so only in images of 64 pixels, and the last one is global.

namespace {

namespace nn = torch::nn;
using Options = retort::models::ImageOptions;

constexpr std::size_t kBlocks = 5;
constexpr std::array<std::int64_t, kBlocks> kWidths = {64, 128, 256, 512, 512};
constexpr std::size_t kLateBlock = 4;  // pooled before in large images only
constexpr std::int64_t kLargeHeight = 64;

struct Architecture {
  const char* name;
  std::int64_t depth;
  std::array<std::int64_t, kBlocks> convolutions;  // in each block
};

constexpr Architecture kArchitectures[] = {{"vgg8", 8, {1, 1, 1, 1, 1}},
                                           {"vgg11", 11, {1, 1, 2, 2, 2}},
                                           {"vgg13", 13, {2, 2, 2, 2, 2}},
                                           {"vgg16", 16, {2, 2, 3, 3, 3}},
                                           {"vgg19", 19, {2, 2, 4, 4, 4}}};

constexpr std::array<const char*, kBlocks> kTapDocs = {
    "After the first block, at full resolution, behind its last ReLU.",
    "After the second block, at half the resolution, behind its last ReLU.",
    "After the third block, at a quarter of the resolution, behind its last ReLU.",
    "After the fourth block, at an eighth of the resolution, behind its last ReLU.",
    "After the fifth block, behind its last ReLU; pooled before only in images of 64 pixels."};

// Convolutions of one width with batch norm; ReLU between them, none behind the last.
nn::Sequential block(std::int64_t convolutions, std::int64_t in, std::int64_t out) {
  nn::Sequential layers;
  for (std::int64_t i = 0; i < convolutions; ++i) {
    if (i > 0) layers->push_back(nn::ReLU(nn::ReLUOptions(/*inplace=*/true)));
    layers->push_back(nn::Conv2d(nn::Conv2dOptions(i == 0 ? in : out, out, 3).padding(1)));
    layers->push_back(nn::BatchNorm2d(out));
  }
  return layers;
}

class Vgg final : public retort::models::StagedClassifier {
 public:
  Vgg(const Architecture& architecture, const Options& options, retort::Context& context)
      : StagedClassifier(options.input_shape) {
    check_resolution();
    std::int64_t in = input_shape()[0];
    for (std::size_t i = 0; i < kBlocks; ++i) {
      const std::string name = "block" + std::to_string(i);
      auto layers =
          register_module(name, block(architecture.convolutions[i], std::exchange(in, kWidths[i]), kWidths[i]));
      add_stage({name, kTapDocs[i]}, [layers, pooled = pooled_before(i)](const torch::Tensor& x) {
        return layers->forward(pooled ? torch::max_pool2d(x, 2) : x).relu_();
      });
    }
    nn::Linear classifier = add_classifier("classifier", nn::Linear(in, options.classes));
    retort::models::initialise(*this, context.generator);
    retort::models::initialise_narrow(classifier, context.generator);
  }

 private:
  bool pooled_before(std::size_t block) const {
    return block == kLateBlock ? input_shape()[1] == kLargeHeight : block > 0;
  }

  // Each pooling halves the resolution, rounding down; something must be left.
  void check_resolution() const {
    std::int64_t side = std::min(input_shape()[1], input_shape()[2]);
    for (std::size_t i = 0; i < kBlocks; ++i) side /= pooled_before(i) ? 2 : 1;
    if (side > 0) return;
    throw retort::InvalidParameter("input_shape: images of " + retort::shape_text(input_shape()) +
                                   " are too small; the poolings need at least " +
                                   (pooled_before(kLateBlock) ? "16x16" : "8x8") + " pixels");
  }
};

std::vector<retort::Component> family() {
  std::vector<retort::Component> members;
  for (const Architecture& architecture : kArchitectures) {
    auto description = retort::describe<Options>(architecture.name, "1.0.0");
    description
        .summary("VGG for small images, with batch norm: " + std::to_string(architecture.depth - 3) +
                 " convolutions in five blocks, up to 512 channels.")
        .reference(
            "Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015; "
            "layout of RepDistiller");
    members.push_back(retort::models::family_member(retort::models::with_image_params(description),
                                                    [&architecture](const Options& options, retort::Context& context) {
                                                      return new Vgg(architecture, options, context);
                                                    }));
  }
  return members;
}

}  // namespace

RETORT_PLUGIN_COMPONENTS(family());
