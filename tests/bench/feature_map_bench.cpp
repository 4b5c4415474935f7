// Batch normalization with ReLU and addition, forward and backward, and its frozen form; bfloat16 maps of a batch of
// 128 in channels-last order. Arguments: channels, height and width, with residual.
#include <benchmark/benchmark.h>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "kernels/affine_act.hpp"
#include "kernels/batch_norm_act.hpp"

namespace {

using namespace retort::kernels;

struct Maps {
  explicit Maps(const benchmark::State& state)
      : sizes{128, state.range(0), state.range(1), state.range(1)},
        x(map()),
        residual(state.range(2) != 0 ? map() : at::Tensor()),
        weight(at::rand({sizes[1]}) + 0.5),
        bias(at::randn({sizes[1]})),
        mean(at::zeros({sizes[1]})),
        variance(at::ones({sizes[1]})) {}

  at::Tensor map() const { return at::randn(sizes).to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast); }

  std::vector<std::int64_t> sizes;
  at::Tensor x, residual, weight, bias, mean, variance;
};

template <class Function>
void train(benchmark::State& state, const Function& function) {
  Maps maps(state);
  const auto gradient = maps.map();
  std::vector<at::Tensor> leaves{maps.x, maps.weight, maps.bias};
  if (maps.residual.defined()) leaves.push_back(maps.residual);
  for (at::Tensor& leaf : leaves) leaf.set_requires_grad(true);
  for (auto _ : state) {
    const auto y = function(maps.x, maps.weight, maps.bias, maps.mean, maps.variance, 0.1, 1e-5, true, maps.residual);
    benchmark::DoNotOptimize(torch::autograd::grad({y}, leaves, {gradient}));
  }
  state.SetItemsProcessed(state.iterations() * maps.x.numel());
}

template <class Function>
void infer(benchmark::State& state, const Function& function) {
  const Maps maps(state);
  const at::NoGradGuard no_grad;
  for (auto _ : state) benchmark::DoNotOptimize(function(maps.x, maps.weight, maps.bias, true, maps.residual));
  state.SetItemsProcessed(state.iterations() * maps.x.numel());
}

void shapes(benchmark::internal::Benchmark* of) {
  of->ArgNames({"C", "HW", "residual"})->Unit(benchmark::kMicrosecond)->UseRealTime();
  for (const int residual : {0, 1}) {
    of->Args({16, 32, residual})->Args({32, 32, residual})->Args({64, 16, residual})->Args({128, 8, residual});
    of->Args({640, 8, residual});
  }
}

BENCHMARK_CAPTURE(train, batch_norm_act_fused, batch_norm_act)->Apply(shapes);
BENCHMARK_CAPTURE(train, batch_norm_act_operators, batch_norm_act_reference)->Apply(shapes);
BENCHMARK_CAPTURE(infer, affine_act_fused, affine_act)->Apply(shapes);
BENCHMARK_CAPTURE(infer, affine_act_operators, affine_act_reference)->Apply(shapes);

}  // namespace
