// One optimizer step of a model like wrn_16_2 (0.7 M parameters in 50 tensors), with bfloat16 copies.
#include <benchmark/benchmark.h>

#include <ATen/ATen.h>

#include "kernels/optimizer_step.hpp"

namespace {

using namespace retort::kernels;

std::vector<at::Tensor> parameters() {
  std::vector<at::Tensor> tensors;
  for (int block = 0; block < 12; ++block) {
    const std::int64_t width = 32 << (block / 4);
    tensors.push_back(at::randn({width, width, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast));
    for (int i = 0; i < 3; ++i) tensors.push_back(at::randn({width}));
  }
  return tensors;
}

template <class Entry, class Step>
void measure(benchmark::State& state, const std::vector<Entry>& entries, const Step& step) {
  const auto lr = at::scalar_tensor(0.1, at::kFloat);
  for (auto _ : state) step(entries, lr);
}

template <class Step>
void sgd(benchmark::State& state, const Step& step) {
  std::vector<SgdEntry> entries;
  for (const auto& p : parameters()) entries.push_back({p, at::zeros_like(p), at::randn_like(p), p.to(at::kBFloat16)});
  measure(state, entries, [&](const auto& all, const auto& lr) {
    step(all, {.momentum = 0.9, .weight_decay = 5e-4, .nesterov = true}, lr, at::Tensor());
  });
}

template <class Step>
void adamw(benchmark::State& state, const Step& step) {
  std::vector<AdamEntry> entries;
  for (const auto& p : parameters()) {
    entries.push_back({p, at::zeros_like(p), at::zeros_like(p), at::scalar_tensor(1, at::kFloat), at::randn_like(p),
                       p.to(at::kBFloat16)});
  }
  measure(state, entries, [&](const auto& all, const auto& lr) { step(all, {}, lr, at::Tensor()); });
}

BENCHMARK_CAPTURE(sgd, fused, sgd_step)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(sgd, operators, sgd_step_reference)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(adamw, fused, adam_step)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(adamw, operators, adam_step_reference)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
