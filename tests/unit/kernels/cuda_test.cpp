// The CUDA kernels against LibTorch's operators on the CPU in float64.
#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <retort/testing_gpu.hpp>

#include "kernels/affine_act.hpp"
#include "kernels/batch_norm_act.hpp"
#include "kernels/batch_norm_cuda.hpp"
#include "kernels/optimizer_step.hpp"

namespace {

using namespace retort::kernels;

// Needs no GPU: the library is opened, and its functions are looked up.
TEST(CudaKernels, AreFoundFromTheProgram) {
  if (!RETORT_BUILT_WITH_CUDA) GTEST_SKIP() << "built without CUDA sources";
  EXPECT_TRUE(cuda::scale_and_shift().available());
  EXPECT_TRUE(cuda::batch_norm_forward().available());
  EXPECT_TRUE(cuda::batch_norm_backward().available());
}

class OnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RETORT_BUILT_WITH_CUDA) GTEST_SKIP() << "built without CUDA sources";
    if (!retort::testing::gpu_present()) GTEST_SKIP() << "no GPU";
    at::manual_seed(11);
  }
};

void expect_close(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const char* what) {
  const double scale = expected.abs().max().item<double>() + 1e-30;
  EXPECT_LE((actual.cpu().to(at::kDouble) - expected).abs().max().item<double>() / scale, tolerance) << what;
}

TEST_F(OnGpu, BatchNormActAgrees) {
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{128, 16, 32, 32}, {4, 37, 5, 5}, {8, 640, 4, 4}}) {
    const auto map = [&] { return at::randn(sizes).to(at::kBFloat16).to(at::kDouble); };
    const auto vector = [&] { return at::randn({sizes[1]}).to(at::kDouble); };
    const auto x = map(), residual = map(), seed = map(), weight = vector(), bias = vector();
    for (const auto type : {at::kDouble, at::kFloat, at::kBFloat16}) {
      static std::vector<at::Tensor> expected;
      const bool cpu = type == at::kDouble;
      const auto on = [&](const at::Tensor& t, at::ScalarType as) {
        return t.to(cpu ? at::kCPU : at::kCUDA, as, false, true).set_requires_grad(true);
      };
      const auto vectors = cpu ? at::kDouble : at::kFloat;
      const std::vector<at::Tensor> leaves{on(x, type), on(weight, vectors), on(bias, vectors), on(residual, type)};
      const auto mean = on(bias, vectors).detach(), variance = on(bias.abs(), vectors).detach();
      const auto y = batch_norm_act(leaves[0], leaves[1], leaves[2], mean, variance, 0.1, 1e-5, true, leaves[3]);
      auto results = torch::autograd::grad({y}, leaves, {on(seed, type).detach()});
      results.insert(results.end(), {y.detach(), mean, variance});
      if (cpu) {
        expected = results;
        continue;
      }
      const char* const names[] = {"x", "weight", "bias", "residual", "y", "running mean", "running variance"};
      for (std::size_t i = 0; i < results.size(); ++i) {
        const bool rounded = results[i].scalar_type() == at::kBFloat16;
        expect_close(results[i], expected[i], rounded ? 1.0 / 128 : 1e-5, names[i]);
      }
    }
  }
}

TEST_F(OnGpu, AffineActAgrees) {
  for (const std::int64_t channels : {3, 16, 130}) {
    const auto x = at::randn({4, channels, 7, 7}), scale = at::randn({channels}), shift = at::randn({channels});
    const auto y = affine_act(x.cuda(), scale.cuda(), shift.cuda(), true, x.cuda());
    expect_close(y, affine_act_reference(x, scale, shift, true, x).to(at::kDouble), 1e-6, "y");
  }
}

TEST_F(OnGpu, OptimizersAgree) {
  std::vector<SgdEntry> sgd, sgd_expected;
  std::vector<AdamEntry> adam, adam_expected;
  for (std::int64_t size = 1; size <= 100; ++size) {  // more tensors than one launch takes
    const auto p = at::randn({size * 97}), g = at::randn({size * 97}).to(at::kBFloat16);
    const auto zeros = at::zeros_like(p), steps = at::scalar_tensor(1, at::kFloat);
    const auto copy = at::empty_like(p, at::kBFloat16);
    sgd.push_back({p.cuda(), zeros.cuda(), g.cuda(), copy.cuda()});
    sgd_expected.push_back({p.clone(), zeros.clone(), g, {}});
    adam.push_back({p.cuda(), zeros.cuda(), zeros.cuda(), steps.cuda(), g.cuda(), copy.cuda()});
    adam_expected.push_back({p.clone(), zeros.clone(), zeros.clone(), steps, g, {}});
  }
  const auto lr = at::scalar_tensor(0.1, at::kFloat), scale = at::scalar_tensor(0.5, at::kFloat);
  const SgdSettings settings{.momentum = 0.9, .weight_decay = 1e-3, .nesterov = true};
  sgd_step(sgd, settings, lr.cuda(), scale.cuda());
  sgd_step_reference(sgd_expected, settings, lr, scale);
  adam_step(adam, {.weight_decay = 0.01}, lr.cuda(), scale.cuda());
  adam_step_reference(adam_expected, {.weight_decay = 0.01}, lr, scale);
  for (std::size_t i = 0; i < sgd.size(); ++i) {
    expect_close(sgd[i].master, sgd_expected[i].master.to(at::kDouble), 1e-6, "sgd");
    EXPECT_TRUE(at::equal(sgd[i].copy, sgd[i].master.to(at::kBFloat16)));
    expect_close(adam[i].master, adam_expected[i].master.to(at::kDouble), 1e-5, "adam");
    EXPECT_TRUE(at::equal(adam[i].copy, adam[i].master.to(at::kBFloat16)));
  }
}

}  // namespace
