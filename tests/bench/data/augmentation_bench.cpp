// Batches of 128 augmented images of CIFAR's shape (crop with padding 4, flip, normalised): the one pass, and the same
// by LibTorch's operators. ATEN_CPU_CAPABILITY=default|avx2 measures the lower instruction sets.
#include <benchmark/benchmark.h>

#include <torch/types.h>

#include "data/random_bits.hpp"
#include "data/sampler.hpp"
#include "data/source.hpp"

namespace {

using namespace retort::data;

constexpr std::int64_t kImages = 50'000, kBatch = 128;

Transforms augmentation() {
  Transforms transforms({3, 32, 32});
  transforms.add({.use = "random_crop", .params = {{"size", 32}, {"padding", 4}}});
  transforms.add({.use = "random_flip", .params = {{"probability", 0.5}}});
  return transforms;
}

const at::Tensor& images() {
  static const at::Tensor bytes = torch::randint(0, 256, {kImages, 3, 32, 32}, torch::kUInt8);
  return bytes;
}

const Normalize& normalize() {
  static const Normalize statistics({0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}, torch::kCPU);
  return statistics;
}

// Calls `make` with the draw of batch after batch.
template <class Make>
void measure(benchmark::State& state, const Source& source, const Make& make) {
  EpochSampler sampler(kImages, kBatch, 1, true);
  std::int64_t batch = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(make(source.draw(sampler.indices(0, batch), 0)).data_ptr());
    batch = (batch + 1) % sampler.batches_per_epoch();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void one_pass(benchmark::State& state, at::ScalarType type, at::MemoryFormat format) {
  const ResidentSource source({images(), torch::zeros({kImages}, torch::kInt64)}, augmentation(), 1, torch::kCPU);
  measure(state, source, [&](const Draw& draw) { return source.images(draw, normalize(), type, format); });
}

void operators(benchmark::State& state, at::ScalarType type, at::MemoryFormat format) {
  const Transforms transforms = augmentation();
  const ResidentSource source({images().slice(0, 0, 1), torch::zeros({1}, torch::kInt64)}, augmentation(), 1,
                              torch::kCPU);
  measure(state, source, [&](const Draw& draw) {
    return normalize()(transforms.apply(images().index_select(0, draw.index), draw)).to(type, false, false, format);
  });
}

#define RETORT_BENCH_AUGMENTATION(how)                                                         \
  BENCHMARK_CAPTURE(how, float32, torch::kFloat, at::MemoryFormat::Contiguous)->UseRealTime(); \
  BENCHMARK_CAPTURE(how, bfloat16_channels_last, torch::kBFloat16, at::MemoryFormat::ChannelsLast)->UseRealTime();

RETORT_BENCH_AUGMENTATION(one_pass)
RETORT_BENCH_AUGMENTATION(operators)

}  // namespace
