#pragma once

#include <gtest/gtest.h>
#include <retort/testing.hpp>
#include <retort/testing_gpu.hpp>

// What the tests of losses with kernels share: float32 and bfloat16 inputs go through the kernel, float64 ones through
// LibTorch's operators, and both must agree.

struct Evaluation {
  torch::Tensor value, gradient;  // gradient of the student, times `factor`
};

inline Evaluation evaluate_in(const retort::testing::Plugin& plugin, const char* name, const retort::Table& options,
                              const retort::LossInputs& in, torch::ScalarType type, double factor = 1,
                              torch::ScalarType teacher_type = torch::ScalarType::Undefined,
                              torch::Device device = torch::kCPU) {
  const auto student = in.student.single().to(device, type, false, true).set_requires_grad(true);
  retort::LossInputs typed{.student = retort::Features({student})};
  if (in.target.defined()) typed.target = in.target.to(device);
  if (teacher_type == torch::ScalarType::Undefined) teacher_type = type;
  if (in.teacher.size() != 0) typed.teacher = retort::Features({in.teacher.single().to(device, teacher_type)});
  const auto value = plugin.loss(name, options)->forward(typed);
  value.backward(torch::full({}, factor, value.options()));
  return {value.detach().cpu(), student.grad().cpu()};
}

// Within `tolerance` of the value and of the largest gradient. The inputs must be numbers that bfloat16 holds.
inline void expect_kernel_agrees(const retort::testing::Plugin& plugin, const char* name, const retort::Table& options,
                                 const retort::LossInputs& in, double tolerance, torch::Device device = torch::kCPU) {
  const auto expected = evaluate_in(plugin, name, options, in, torch::kFloat64);
  const double value = expected.value.item<double>(), largest = expected.gradient.abs().max().item<double>();
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    for (const double factor : {1.0, -0.7}) {
      const auto actual = evaluate_in(plugin, name, options, in, type, factor, type, device);
      ASSERT_EQ(actual.value.scalar_type(), torch::kFloat) << "not the kernel's";
      ASSERT_EQ(actual.gradient.scalar_type(), type);
      EXPECT_NEAR(actual.value.item<double>(), value, tolerance * (std::abs(value) + 1e-2));
      const double error =
          (actual.gradient.to(torch::kFloat64) - factor * expected.gradient).abs().max().item<double>();
      EXPECT_LE(error, largest * (type == torch::kFloat ? tolerance : 1.0 / 128) + 1e-7);
    }
  }
}

// Logits whose values bfloat16 holds, [rows, classes].
inline torch::Tensor logits_for_kernels(std::int64_t rows, std::int64_t classes, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return (3 * torch::randn({rows, classes}, generator)).to(torch::kBFloat16).to(torch::kFloat64);
}

// Class counts around the widths of vectors, and large ones.
inline const std::vector<std::int64_t> kClassCounts{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1000, 1003};
