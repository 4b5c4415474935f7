#include "engine/optimizer.hpp"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <retort/error.hpp>

namespace retort::engine {
namespace {

// Two copies of the same parameters: one for our optimizer, one for LibTorch's.
struct Twins {
  std::vector<torch::Tensor> ours, theirs;

  Twins() {
    torch::manual_seed(3);
    for (const auto& shape : {std::vector<std::int64_t>{4, 3}, {4}, {2, 2, 3, 3}}) {
      ours.push_back(torch::randn(shape, torch::kDouble).requires_grad_());
      theirs.push_back(ours.back().detach().clone().requires_grad_());
    }
  }
  std::vector<NamedParameter> named() const { return {{"weight", ours[0]}, {"bias", ours[1]}, {"filter", ours[2]}}; }
  // The gradient of sum (p - k)^4, which differs from step to step.
  void differentiate() {
    for (std::size_t i = 0; i < ours.size(); ++i) {
      for (const auto& parameter : {ours[i], theirs[i]}) {
        parameter.mutable_grad().reset();
        (parameter - static_cast<double>(i)).pow(4).sum().backward();
      }
    }
  }
  double largest_difference() const {
    double largest = 0.0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      largest = std::max(largest, (ours[i] - theirs[i]).abs().max().item<double>());
    }
    return largest;
  }
};

TEST(Sgd, MatchesLibTorchWithMomentumAndDecay) {
  for (const bool nesterov : {false, true}) {
    Twins twins;
    const config::OptimizerSpec spec{.momentum = 0.9, .nesterov = nesterov, .weight_decay = 5e-3};
    const auto optimizer = make_optimizer(spec, twins.named());
    torch::optim::SGD reference(twins.theirs,
                                torch::optim::SGDOptions(0.0).momentum(0.9).nesterov(nesterov).weight_decay(5e-3));
    for (int step = 0; step < 20; ++step) {
      const double lr = 1e-3 / (1 + step);
      twins.differentiate();
      static_cast<torch::optim::SGDOptions&>(reference.param_groups()[0].options()).lr(lr);
      reference.step();
      optimizer->step(torch::scalar_tensor(lr, torch::kDouble));
    }
    EXPECT_LT(twins.largest_difference(), 1e-12) << "nesterov " << nesterov;
  }
}

TEST(Sgd, NeedsNoMomentum) {
  Twins twins;
  const auto optimizer = make_optimizer({.momentum = 0.0, .weight_decay = 5e-3}, twins.named());
  torch::optim::SGD reference(twins.theirs, torch::optim::SGDOptions(1e-3).weight_decay(5e-3));
  for (int step = 0; step < 5; ++step) {
    twins.differentiate();
    reference.step();
    optimizer->step(torch::scalar_tensor(1e-3, torch::kDouble));
  }
  EXPECT_LT(twins.largest_difference(), 1e-12);
}

TEST(AdamW, MatchesLibTorch) {
  Twins twins;
  const config::OptimizerSpec spec{
      .kind = config::OptimizerSpec::Kind::AdamW, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-7, .weight_decay = 0.1};
  const auto optimizer = make_optimizer(spec, twins.named());
  torch::optim::AdamW reference(twins.theirs,
                                torch::optim::AdamWOptions(2e-2).betas({0.8, 0.95}).eps(1e-7).weight_decay(0.1));
  for (int step = 0; step < 20; ++step) {
    twins.differentiate();
    reference.step();
    optimizer->step(torch::scalar_tensor(2e-2, torch::kDouble));
  }
  EXPECT_LT(twins.largest_difference(), 1e-12);
}

TEST(Adam, MatchesLibTorch) {
  Twins twins;
  const config::OptimizerSpec spec{
      .kind = config::OptimizerSpec::Kind::Adam, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-7, .weight_decay = 0.1};
  const auto optimizer = make_optimizer(spec, twins.named());
  torch::optim::Adam reference(twins.theirs,
                               torch::optim::AdamOptions(2e-2).betas({0.8, 0.95}).eps(1e-7).weight_decay(0.1));
  for (int step = 0; step < 20; ++step) {
    twins.differentiate();
    reference.step();
    optimizer->step(torch::scalar_tensor(2e-2, torch::kDouble));
  }
  EXPECT_LT(twins.largest_difference(), 1e-12);
}

TEST(Optimizer, ParametersWithoutAGradientStay) {
  Twins twins;
  const auto optimizer = make_optimizer({.weight_decay = 0.5}, twins.named());
  const torch::Tensor before = twins.ours[0].detach().clone();
  twins.ours[1].mutable_grad() = torch::ones({4}, torch::kDouble);
  optimizer->step(torch::scalar_tensor(0.1, torch::kDouble));
  EXPECT_TRUE(torch::equal(twins.ours[0], before));
  EXPECT_EQ(optimizer->gradients().size(), 1u);
  optimizer->zero_grad();
  EXPECT_TRUE(optimizer->gradients().empty());
}

TEST(ParameterGroups, DecayOnOneDimensionIsAnOption) {
  const Twins twins;
  const auto together = parameter_groups({.weight_decay = 0.1}, twins.named());
  ASSERT_EQ(together.size(), 1u);
  EXPECT_EQ(together[0].parameters.size(), 3u);

  const auto apart = parameter_groups({.weight_decay = 0.1, .decay_1d = false}, twins.named());
  ASSERT_EQ(apart.size(), 2u);
  EXPECT_EQ(apart[0].weight_decay, 0.1);
  EXPECT_EQ(apart[0].parameters.size(), 2u);
  EXPECT_EQ(apart[1].weight_decay, 0.0);
  ASSERT_EQ(apart[1].parameters.size(), 1u);
  EXPECT_EQ(apart[1].parameters[0].name, "bias");
}

TEST(Optimizer, StateRestoredContinuesToTheSameBits) {
  for (const auto kind :
       {config::OptimizerSpec::Kind::Sgd, config::OptimizerSpec::Kind::Adam, config::OptimizerSpec::Kind::AdamW}) {
    const config::OptimizerSpec spec{.kind = kind};
    Twins undisturbed, resumed;
    const auto first = make_optimizer(spec, undisturbed.named());
    std::map<std::string, torch::Tensor> saved;
    for (int step = 0; step < 6; ++step) {
      if (step == 3) {
        for (const auto& [name, tensor] : first->state()) saved[name] = tensor.clone();
        torch::NoGradGuard no_grad;
        for (std::size_t i = 0; i < 3; ++i) resumed.ours[i].copy_(undisturbed.ours[i]);
      }
      undisturbed.differentiate();
      first->step(torch::scalar_tensor(1e-3, torch::kDouble));
    }
    const auto second = make_optimizer(spec, resumed.named());
    second->load_state(saved);
    for (int step = 3; step < 6; ++step) {
      resumed.differentiate();
      second->step(torch::scalar_tensor(1e-3, torch::kDouble));
    }
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(torch::equal(resumed.ours[i], undisturbed.ours[i]));

    saved.erase(saved.begin());
    EXPECT_THROW(second->load_state(saved), Error);
  }
}

TEST(ClipNorm, LimitsTheNormAndReturnsTheOneBefore) {
  std::vector<torch::Tensor> gradients{torch::full({3}, 2.0, torch::kDouble),
                                       torch::full({2, 2}, -1.0, torch::kDouble)};
  EXPECT_DOUBLE_EQ(total_norm(gradients).item<double>(), 4.0);  // sqrt(3 * 4 + 4 * 1)
  EXPECT_DOUBLE_EQ(clip_norm(gradients, 10.0).item<double>(), 4.0);
  EXPECT_DOUBLE_EQ(gradients[0][0].item<double>(), 2.0);
  EXPECT_DOUBLE_EQ(clip_norm(gradients, 1.0).item<double>(), 4.0);
  EXPECT_NEAR(total_norm(gradients).item<double>(), 1.0, 1e-6);
  EXPECT_NEAR(gradients[0][0].item<double>() / gradients[1][0][0].item<double>(), -2.0, 1e-12);
}

}  // namespace
}  // namespace retort::engine
