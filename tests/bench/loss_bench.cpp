// Losses, forward and backward: float32 inputs through a plugin's kernel, and the same formula in LibTorch's operators.
// Arguments: rows, classes or features.
#include <benchmark/benchmark.h>
#include <retort/testing.hpp>

#include <torch/csrc/autograd/autograd.h>

namespace {

const retort::testing::Plugin& plugin(const std::string& name) {
  static std::map<std::string, retort::testing::Plugin> plugins;
  return plugins.try_emplace(name, std::string(RETORT_LOSSES) + "/" + name + ".so").first->second;
}

struct Inputs {
  explicit Inputs(const benchmark::State& state)
      : student(torch::randn({state.range(0), state.range(1)}).requires_grad_(true)),
        teacher(torch::randn({state.range(0), state.range(1)})),
        labels(torch::randint(state.range(1), {state.range(0)}, torch::kLong)) {}

  torch::Tensor student, teacher, labels;
};

template <class Function>
void measure(benchmark::State& state, const Function& value) {
  const Inputs in(state);
  for (auto _ : state) benchmark::DoNotOptimize(torch::autograd::grad({value(in)}, {in.student}));
}

void fused(benchmark::State& state, const char* name, bool absorbing) {
  const auto loss = plugin(name).loss(name, {});
  if (absorbing && !loss->absorb("batch_norm", {})) state.SkipWithError("does not absorb batch_norm");
  const bool teacher = !plugin(name).component(retort::Kind::Loss, name).descriptor.teacher_tap.empty();
  measure(state, [&](const Inputs& in) {
    retort::LossInputs inputs{.student = retort::Features({in.student}), .target = in.labels};
    if (teacher) inputs.teacher = retort::Features({in.teacher});
    return loss->forward(inputs);
  });
}

torch::Tensor divergence(const Inputs& in) {
  const auto log_q = torch::log_softmax(in.student / 4.0, -1), log_p = torch::log_softmax(in.teacher / 4.0, -1);
  return torch::kl_div(log_q, log_p, at::Reduction::Sum, /*log_target=*/true) / in.student.size(0) * 16.0;
}

torch::Tensor cross_entropy(const Inputs& in) {
  return torch::cross_entropy_loss(in.student, in.labels);
}

torch::Tensor log_sum(const torch::Tensor& student, const torch::Tensor& teacher) {
  return torch::log((student - teacher).abs().pow(4.0).sum());
}

torch::Tensor normalised(const torch::Tensor& x) {
  return torch::batch_norm(x, {}, {}, {}, {}, true, 0.0, 1e-4, true);
}

void operators(benchmark::State& state, torch::Tensor (*value)(const Inputs&)) {
  measure(state, value);
}

void logits(benchmark::internal::Benchmark* of) {
  of->ArgNames({"N", "K"})->Unit(benchmark::kMicrosecond)->UseRealTime();
  of->Args({128, 100})->Args({256, 1000})->Args({64, 32000});
}

void features(benchmark::internal::Benchmark* of) {
  of->ArgNames({"N", "D"})->Unit(benchmark::kMicrosecond)->UseRealTime();
  of->Args({128, 256})->Args({256, 2048});
}

BENCHMARK_CAPTURE(fused, kl_divergence, "kl_divergence", false)->Apply(logits);
BENCHMARK_CAPTURE(operators, kl_divergence, divergence)->Apply(logits);
BENCHMARK_CAPTURE(fused, cross_entropy, "cross_entropy", false)->Apply(logits);
BENCHMARK_CAPTURE(operators, cross_entropy, cross_entropy)->Apply(logits);
BENCHMARK_CAPTURE(fused, hinton_kd, "hinton_kd", false)->Apply(logits);
BENCHMARK_CAPTURE(operators, hinton_kd, [](const Inputs& in) {
  return 0.9 * divergence(in) + 0.1 * cross_entropy(in);
})->Apply(logits);
BENCHMARK_CAPTURE(fused, logsum, "logsum", false)->Apply(features);
BENCHMARK_CAPTURE(operators, logsum, [](const Inputs& in) { return log_sum(in.student, in.teacher); })->Apply(features);
BENCHMARK_CAPTURE(fused, logsum_batch_norm, "logsum", true)->Apply(features);
BENCHMARK_CAPTURE(operators, logsum_batch_norm, [](const Inputs& in) {
  return log_sum(normalised(in.student), normalised(in.teacher));
})->Apply(features);

}  // namespace
