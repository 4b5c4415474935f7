#include "kernels/optimizer_step.hpp"

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace {

using namespace retort::kernels;

at::Tensor scalar(double value) {
  return at::scalar_tensor(value, at::kFloat);
}

// Sizes around the widths of vectors, and one that two threads share.
std::vector<at::Tensor> parameters() {
  at::manual_seed(9);
  std::vector<at::Tensor> tensors;
  for (const std::int64_t size : {1, 3, 15, 16, 17, 33, 40000}) tensors.push_back(at::randn({size}));
  tensors.push_back(at::randn({8, 6, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast));
  tensors.push_back(at::randn({8, 6, 1, 1}).contiguous(at::MemoryFormat::ChannelsLast));
  return tensors;
}

SgdEntry sgd_entry(const at::Tensor& parameter, bool copy) {
  return {parameter.clone(), at::randn_like(parameter), at::randn_like(parameter),
          copy ? at::empty_like(parameter, at::kBFloat16) : at::Tensor()};
}

AdamEntry adam_entry(const at::Tensor& parameter, bool copy) {
  return {parameter.clone(), at::randn_like(parameter), at::randn_like(parameter).square(),
          scalar(3),         at::randn_like(parameter), copy ? at::empty_like(parameter, at::kBFloat16) : at::Tensor()};
}

at::Tensor clone_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.clone() : tensor;
}

void expect_close(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_TRUE(at::allclose(actual, expected, 2e-6, 2e-6))
      << "largest difference " << (actual - expected).abs().max().item<double>();
}

class TwoThreads : public ::testing::Test {
 protected:
  TwoThreads() { at::set_num_threads(2); }
  ~TwoThreads() override { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

using SgdStep = TwoThreads;
using AdamStep = TwoThreads;

TEST_F(SgdStep, IsThatOfLibTorchsFusedOperator) {
  for (const SgdSettings& settings : {SgdSettings{}, SgdSettings{0.9, 5e-4, false}, SgdSettings{0.9, 5e-4, true}}) {
    for (const auto& scale : {at::Tensor(), scalar(0.3)}) {
      std::vector<SgdEntry> entries, expected;
      for (const auto& parameter : parameters()) {
        entries.push_back(sgd_entry(parameter, entries.size() % 2 == 0));
        const SgdEntry& last = entries.back();
        expected.push_back({last.master.clone(), last.momentum.clone(), last.gradient, clone_of(last.copy)});
      }
      for (int step = 0; step < 3; ++step) {
        sgd_step(entries, settings, scalar(0.1), scale);
        sgd_step_reference(expected, settings, scalar(0.1), scale);
      }
      for (std::size_t i = 0; i < entries.size(); ++i) {
        expect_close(entries[i].master, expected[i].master);
        if (settings.momentum != 0.0) expect_close(entries[i].momentum, expected[i].momentum);
        if (entries[i].copy.defined()) EXPECT_TRUE(at::equal(entries[i].copy, entries[i].master.to(at::kBFloat16)));
      }
    }
  }
}

TEST_F(SgdStep, IsThatOfTheFormula) {
  const auto value = [](double x) { return at::full({1}, x, at::kFloat); };
  const SgdEntry entry{value(2), value(0.5), value(4), {}};
  sgd_step({entry}, {.momentum = 0.9, .weight_decay = 0.1, .nesterov = true}, scalar(0.01), scalar(0.25));
  const double gradient = 4 * 0.25 + 0.1 * 2, momentum = 0.9 * 0.5 + gradient;
  EXPECT_NEAR(entry.momentum.item<double>(), momentum, 1e-6);
  EXPECT_NEAR(entry.master.item<double>(), 2 - 0.01 * (gradient + 0.9 * momentum), 1e-6);
}

TEST_F(SgdStep, TakesBfloat16GradientsInAnyOrder) {
  const auto parameter = at::randn({8, 6, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto gradient = at::randn({8, 6, 3, 3}).to(at::kBFloat16);  // contiguous
  SgdEntry entry = sgd_entry(parameter, true), expected = entry;
  entry.gradient = gradient;
  expected = {entry.master.clone(), entry.momentum.clone(), gradient.to(at::kFloat), {}};
  sgd_step({entry}, {.momentum = 0.9}, scalar(0.1));
  sgd_step_reference({expected}, {.momentum = 0.9}, scalar(0.1));
  expect_close(entry.master, expected.master);
  EXPECT_TRUE(at::equal(entry.copy, entry.master.to(at::kBFloat16)));
}

TEST_F(SgdStep, ComputesFloat64ByTheReference) {
  SgdEntry entry{at::ones({3}, at::kDouble), at::zeros({3}, at::kDouble), at::ones({3}, at::kDouble), {}};
  sgd_step({entry}, {}, scalar(0.5));
  EXPECT_TRUE(at::equal(entry.master, at::full({3}, 0.5, at::kDouble)));
}

TEST_F(AdamStep, IsThatOfLibTorchsFusedOperators) {
  for (const auto& [weight_decay, decoupled] : {std::pair(0.0, true), {0.05, true}, {0.05, false}}) {
    for (const auto& scale : {at::Tensor(), scalar(0.3)}) {
      const AdamSettings settings{.weight_decay = weight_decay, .decoupled = decoupled};
      std::vector<AdamEntry> entries, expected;
      for (const auto& parameter : parameters()) {
        entries.push_back(adam_entry(parameter, entries.size() % 2 == 0));
        const AdamEntry& last = entries.back();
        expected.push_back({last.master.clone(), last.mean.clone(), last.square.clone(), last.steps.clone(),
                            last.gradient, clone_of(last.copy)});
      }
      for (int step = 0; step < 3; ++step) {
        for (auto* all : {&entries, &expected}) {
          for (AdamEntry& entry : *all) entry.steps.add_(1);
        }
        adam_step(entries, settings, scalar(0.01), scale);
        adam_step_reference(expected, settings, scalar(0.01), scale);
      }
      for (std::size_t i = 0; i < entries.size(); ++i) {
        expect_close(entries[i].master, expected[i].master);
        expect_close(entries[i].mean, expected[i].mean);
        expect_close(entries[i].square, expected[i].square);
        if (entries[i].copy.defined()) EXPECT_TRUE(at::equal(entries[i].copy, entries[i].master.to(at::kBFloat16)));
      }
    }
  }
}

TEST_F(AdamStep, MovesByTheLearningRateInTheFirstStep) {
  const AdamEntry entry{at::zeros({2}), at::zeros({2}), at::zeros({2}), scalar(1), at::tensor({5.0f, -0.01f}), {}};
  adam_step({entry}, {.eps = 0}, scalar(0.1));
  EXPECT_TRUE(at::allclose(entry.master, at::tensor({-0.1f, 0.1f}), 1e-5));
}

}  // namespace
