#pragma once

#include <torch/torch.h>

#include "program/interpreter.hpp"
#include "program/record.hpp"

// Small networks with the shapes of operators that the passes look for.
namespace retort::program::testing {

inline torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                              bool bias = false) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(bias));
}

struct Network : torch::nn::Module {
  virtual Outputs forward(const torch::Tensor& images) = 0;
};

// ResNet's order: convolution, batch norm, ReLU; the sum before the last ReLU; a projected shortcut.
struct PostActivation final : Network {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(3, 8, 3));
  torch::nn::BatchNorm2d bn1 = register_module("bn1", torch::nn::BatchNorm2d(8));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(8, 16, 3, 2, /*bias=*/true));
  torch::nn::BatchNorm2d bn2 = register_module("bn2", torch::nn::BatchNorm2d(16));
  torch::nn::Conv2d shortcut = register_module("shortcut", conv(8, 16, 1, 2));
  torch::nn::BatchNorm2d bn3 = register_module("bn3", torch::nn::BatchNorm2d(16));
  torch::nn::Linear fc = register_module("fc", torch::nn::Linear(16, 5));

  Outputs forward(const torch::Tensor& images) override {
    const auto stem = bn1(conv1(images)).relu_();
    const auto block = (bn2(conv2(stem)) + bn3(shortcut(stem))).relu_();
    const auto penultimate = torch::adaptive_avg_pool2d(block, {1, 1}).flatten(1);
    return {{"block", block}, {"logits", fc(penultimate)}};
  }
};

// Wide ResNet's order: batch norm and ReLU before the convolution, the raw sum handed on.
struct PreActivation final : Network {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(3, 16, 3));
  torch::nn::BatchNorm2d bn1 = register_module("bn1", torch::nn::BatchNorm2d(16));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(16, 16, 3));
  torch::nn::BatchNorm2d bn2 = register_module("bn2", torch::nn::BatchNorm2d(16));
  torch::nn::Conv2d conv3 = register_module("conv3", conv(16, 16, 3));

  Outputs forward(const torch::Tensor& images) override {
    auto x = conv1(images);
    x = conv3(bn2(conv2(bn1(x).relu_())).relu_()) + x;
    return {{"block", x}};
  }
};

// Lists of tensors, sizes of the batch, and chance.
struct Shuffled final : Network {
  torch::nn::Linear fc = register_module("fc", torch::nn::Linear(12, 6));

  Outputs forward(const torch::Tensor& images) override {
    auto x = images.view({images.size(0), -1}).slice(1, 0, 12);
    const auto halves = x.chunk(2, 1);
    x = torch::cat({halves[1], halves[0]}, 1);
    return {{"logits", fc(torch::dropout(x, 0.5, is_training()))}};
  }
};

inline torch::Tensor images(std::int64_t batch, std::uint64_t seed, torch::ScalarType type = torch::kFloat) {
  return torch::randn({batch, 3, 8, 8}, at::detail::createCPUGenerator(seed), torch::kDouble).to(type);
}

// Running statistics and affine parameters that are not those of a fresh batch norm.
template <class Net>
std::shared_ptr<Net> trained(torch::ScalarType type = torch::kFloat) {
  torch::manual_seed(5);
  auto net = std::make_shared<Net>();
  const torch::NoGradGuard no_grad;
  for (auto& entry : net->named_parameters()) {
    if (entry.value().dim() == 1) entry.value().uniform_(0.5, 1.5);
  }
  for (int i = 0; i < 5; ++i) net->forward(images(4, 100 + static_cast<std::uint64_t>(i)));
  // Module::to would turn the counters of batches as well.
  for (torch::Tensor& tensor : net->parameters()) tensor.set_data(tensor.to(type));
  for (torch::Tensor& tensor : net->buffers()) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(type));
  }
  return net;
}

inline Program recorded(Network& net, const torch::Tensor& example) {
  return record(net, example, {}, [&](const at::Tensor& given, const at::Tensor&) { return net.forward(given); });
}

}  // namespace retort::program::testing
