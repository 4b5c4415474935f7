#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "../image_classifier.hpp"

namespace {

namespace nn = torch::nn;

struct Options {
  std::int64_t classes = 10;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
  std::vector<std::int64_t> hidden = {256, 128};
};

std::string hidden_name(std::size_t i) {
  return "hidden" + std::to_string(i + 1);
}

// Fully connected layers over the flattened image, each followed by ReLU; the last one, `fc`, classifies.
class Mlp final : public retort::Model {
 public:
  Mlp(const Options& options, retort::Context& context) : input_(retort::models::image_input(options.input_shape)) {
    std::int64_t features =
        std::accumulate(input_.shape.begin(), input_.shape.end(), std::int64_t{1}, std::multiplies<>());
    for (const std::int64_t width : options.hidden) {
      hidden_.push_back(register_module(hidden_name(hidden_.size()), nn::Linear(features, width)));
      features = width;
    }
    fc_ = register_module("fc", nn::Linear(features, options.classes));
    retort::models::initialise(*this, context.generator);
  }

  std::vector<retort::TapInfo> taps() const override {
    std::vector<retort::TapInfo> taps;
    for (std::size_t i = 0; i < hidden_.size(); ++i) {
      taps.push_back({hidden_name(i), "After hidden layer " + std::to_string(i + 1) + " and its ReLU."});
    }
    taps.push_back({"penultimate", "What the classifier reads: the last hidden layer, or the flattened image."});
    taps.push_back({"logits", "The class scores before the softmax."});
    return taps;
  }

  retort::InputSpec input() const override { return input_; }

  retort::Taps forward(const retort::ModelInput& input, const retort::TapRequest& request) override {
    retort::Taps taps(request);
    auto x = input.images.flatten(1);
    for (std::size_t i = 0; i < hidden_.size(); ++i) {
      x = torch::relu(hidden_[i](x));
      if (taps.put(hidden_name(i), x)) return taps;
    }
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", fc_(x));
    return taps;
  }

 private:
  retort::InputSpec input_;
  std::vector<nn::Linear> hidden_;
  nn::Linear fc_{nullptr};
};

auto description() {
  auto result = retort::describe<Options>("mlp", "1.0.0");
  result.summary("Multi-layer perceptron: fully connected layers with ReLU over the flattened image.");
  return retort::models::with_image_params(result).param(&Options::hidden, "hidden",
                                                         "Width of each hidden layer; empty for a linear classifier.",
                                                         retort::Range::at_least(1));
}

}  // namespace

RETORT_PLUGIN(Mlp, description());
