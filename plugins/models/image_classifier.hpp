#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

#include <retort/plugin.hpp>

// What the image classifiers of this folder share.
namespace retort::models {

// The parameters that the host fills in from the data set, with the defaults of the published CIFAR-100 models.
struct ImageOptions {
  std::int64_t classes = 100;
  std::vector<std::int64_t> input_shape = {3, 32, 32};
};

// The input of a model trained from scratch: any normalisation will do. Throws InvalidParameter unless `input_shape`
// is three positive integers.
inline InputSpec image_input(const std::vector<std::int64_t>& input_shape) {
  bool valid = input_shape.size() == 3;
  for (const std::int64_t size : input_shape) valid = valid && size > 0;
  if (!valid) {
    throw InvalidParameter("input_shape must be three positive integers {channels, height, width}, found " +
                           to_toml(Value(List(input_shape.begin(), input_shape.end()))));
  }
  return {.shape = input_shape, .mean = {}, .deviation = {}};
}

// Adds the two parameters of ImageOptions, which `Options` has too.
template <class Options>
Description<Options>& with_image_params(Description<Options>& description) {
  return description
      .param(&Options::classes, "classes", "Number of classes; the data set's unless given.", Range::at_least(1))
      .param(&Options::input_shape, "input_shape", "Channels, height and width; the data set's unless given.",
             Range::at_least(1));
}

// A model that differs from its siblings by more than its options: `make(options, context)` creates it.
template <class Options, class Make>
Component family_member(const Description<Options>& description, Make make) {
  Component result;
  result.descriptor = description.descriptor();
  result.descriptor.kind = Kind::Model;
  result.descriptor.params = description.fields().specs();
  result.factory = ModelFactory([fields = description.fields(), make](const Table& table, Context& context) -> Model* {
    return make(fields.read(table), context);
  });
  return result;
}

inline torch::nn::Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

inline torch::nn::Conv2d conv1x1(std::int64_t in, std::int64_t out, std::int64_t stride = 1, std::int64_t groups = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1).stride(stride).groups(groups).bias(false));
}

// One 3x3 filter a channel.
inline torch::nn::Conv2d depthwise_conv3x3(std::int64_t channels, std::int64_t stride = 1) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(channels, channels, 3).stride(stride).padding(1).groups(channels).bias(false));
}

// [N, C, H, W] -> [N, C]
inline torch::Tensor global_average(const torch::Tensor& features) {
  return torch::adaptive_avg_pool2d(features, {1, 1}).flatten(1);
}

// A classifier whose layers run one behind the other: named stages, each of which is a tap, then the average over the
// image ("penultimate") and the class scores ("logits"). A constructor adds the layers in the order in which they run.
class StagedClassifier : public Model {
 public:
  std::vector<TapInfo> taps() const final {
    std::vector<TapInfo> taps;
    for (const Segment& stage : stages_) {
      if (!stage.tap.name.empty()) taps.push_back(stage.tap);
    }
    taps.push_back({"penultimate", penultimate_doc_});
    taps.push_back({"logits", "The class scores before the softmax."});
    return taps;
  }

  InputSpec input() const final { return input_; }

  Taps forward(const ModelInput& input, const TapRequest& request) final {
    Taps taps(request);
    torch::Tensor x = input.images;
    for (const Segment& stage : stages_) {
      x = stage.run(x);
      if (!stage.tap.name.empty() && taps.put(stage.tap.name, x)) return taps;
    }
    x = global_average(x);
    if (taps.put("penultimate", x)) return taps;
    taps.put("logits", classifier_(x));
    return taps;
  }

 protected:
  using Run = std::function<torch::Tensor(const torch::Tensor&)>;

  explicit StagedClassifier(const std::vector<std::int64_t>& input_shape) : input_(image_input(input_shape)) {}

  const Shape& input_shape() const { return input_.shape; }

  // A stage that is registered under the name of its tap.
  template <class Layers>
  void add_stage(const std::string& name, std::string doc, Layers layers) {
    add_stage({name, std::move(doc)}, runs(register_module(name, std::move(layers))));
  }
  // A stage whose modules are registered already.
  void add_stage(TapInfo tap, Run run) { stages_.push_back({std::move(tap), std::move(run)}); }
  // Layers between the last stage and the average.
  void add_layers(Run run) { stages_.push_back({{}, std::move(run)}); }

  // The stage "stem": `convolution`, registered as conv1, with its batch norm bn1 and ReLU.
  void add_stem(torch::nn::Conv2d convolution) {
    add_stage({"stem", "After the first convolution, its batch norm and ReLU."},
              register_conv_bn_relu("conv1", "bn1", std::move(convolution)));
  }
  Run register_conv_bn_relu(const std::string& conv_name, const std::string& bn_name, torch::nn::Conv2d convolution) {
    auto conv = register_module(conv_name, std::move(convolution));
    auto bn = register_module(bn_name, torch::nn::BatchNorm2d(conv->options.out_channels()));
    return [conv, bn](const torch::Tensor& x) { return bn->forward(conv->forward(x)).relu_(); };
  }

  template <class Layers>
  Layers add_classifier(const std::string& name, Layers classifier,
                        std::string penultimate_doc = "The globally averaged features that the classifier reads.") {
    classifier_ = runs(register_module(name, classifier));
    penultimate_doc_ = std::move(penultimate_doc);
    return classifier;
  }

  template <class Layers>
  static Run runs(Layers layers) {
    return [layers](const torch::Tensor& x) mutable { return layers->forward(x); };
  }

 private:
  struct Segment {
    TapInfo tap;  // without a name: none
    Run run;
  };

  InputSpec input_;
  std::vector<Segment> stages_;
  Run classifier_;
  std::string penultimate_doc_;
};

// `count` blocks behind each other: `first`, which may change width and resolution, and `count` - 1 times what
// `next()` makes.
template <class Block, class Next>
torch::nn::Sequential blocks(std::int64_t count, std::shared_ptr<Block> first, Next next) {
  torch::nn::Sequential layers;
  layers->push_back(std::move(first));
  for (std::int64_t i = 1; i < count; ++i) layers->push_back(next());
  return layers;
}

// U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weight and bias: what PyTorch does with convolutions and linear layers.
inline void initialise_by_fan_in(torch::Tensor& weight, torch::Tensor& bias, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  const double bound = 1.0 / std::sqrt(static_cast<double>(weight[0].numel()));
  weight.uniform_(-bound, bound, generator);
  if (bias.defined()) bias.uniform_(-bound, bound, generator);
}

// Convolutions: N(0, 2 / (k^2 c_out)) (He et al., 2015, fan-out), bias 0. Linear layers: PyTorch's default. Batch norms
// keep scale 1 and shift 0. Drawn from `generator`, so that a run's seed decides.
inline void initialise(torch::nn::Module& model, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      const torch::Tensor& weight = conv->weight;
      const auto fan_out = static_cast<double>(weight.size(0) * weight.size(2) * weight.size(3));
      weight.normal_(0.0, std::sqrt(2.0 / fan_out), generator);
      if (conv->bias.defined()) conv->bias.zero_();
    } else if (auto* linear = module->as<torch::nn::Linear>()) {
      initialise_by_fan_in(linear->weight, linear->bias, generator);
    }
  }
}

// PyTorch's default for every convolution and linear layer, drawn from `generator`.
inline void initialise_as_pytorch(torch::nn::Module& model, const at::Generator& generator) {
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) initialise_by_fan_in(conv->weight, conv->bias, generator);
    if (auto* linear = module->as<torch::nn::Linear>()) initialise_by_fan_in(linear->weight, linear->bias, generator);
  }
}

// N(0, 0.01^2), bias 0: the classifier of the VGGs and of MobileNetV2.
inline void initialise_narrow(torch::nn::Linear& linear, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  linear->weight.normal_(0.0, 0.01, generator);
  linear->bias.zero_();
}

}  // namespace retort::models
