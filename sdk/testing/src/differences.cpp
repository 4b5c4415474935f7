#include "differences.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdio>

namespace retort::testing {
namespace {

constexpr std::int64_t kPlaces = 64;  // compared in each tensor
constexpr double kStep = 1e-5;        // error of the differences: about kStep^2 and 1e-16 / kStep
constexpr double kTolerance = 1e-5;   // relative to the larger of 1 and the gradient

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string place(const torch::Tensor& tensor, std::int64_t flat) {
  std::string text;
  for (std::int64_t d = tensor.dim() - 1; d >= 0; --d) {
    text = std::to_string(flat % tensor.size(d)) + (text.empty() ? "" : ", ") + text;
    flat /= tensor.size(d);
  }
  return "[" + text + "]";
}

// The value from the same random numbers and the same buffers each time.
class Repeatable {
 public:
  Repeatable(torch::nn::Module& module, const std::function<torch::Tensor()>& value) : module_(module), value_(value) {
    for (const auto& buffer : module.named_buffers()) buffers_[buffer.key()] = buffer.value().clone();
  }

  torch::Tensor operator()() const {
    {
      const torch::NoGradGuard no_grad;
      for (auto& buffer : module_.named_buffers()) buffer.value().copy_(buffers_.at(buffer.key()));
    }
    torch::manual_seed(1);
    return value_();
  }

 private:
  torch::nn::Module& module_;
  const std::function<torch::Tensor()>& value_;
  std::map<std::string, torch::Tensor> buffers_;
};

// Thousands of tiny evaluations: handing each to several threads costs a hundred times the arithmetic.
class OneThread {
 public:
  OneThread() { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

// The worst place of one tensor as a sentence, or "".
std::string worst(const Variable& variable, const torch::Tensor& gradient, const Repeatable& value) {
  const torch::NoGradGuard no_grad;
  auto* data = variable.tensor.data_ptr<double>();
  const auto* backward = gradient.data_ptr<double>();
  const std::int64_t stride = std::max<std::int64_t>(1, variable.tensor.numel() / kPlaces);
  double largest = 1;
  std::string sentence;
  for (std::int64_t i = 0; i < variable.tensor.numel(); i += stride) {
    const double middle = data[i];
    data[i] = middle + kStep;
    const double above = value().item<double>();
    data[i] = middle - kStep;
    const double below = value().item<double>();
    data[i] = middle;
    const double numeric = (above - below) / (2 * kStep);
    const double error = std::abs(numeric - backward[i]) / (kTolerance * std::max(1.0, std::abs(numeric)));
    if (!(error <= largest)) {
      largest = error;
      sentence = "the gradient of " + variable.name + place(variable.tensor, i) + " is " + number(backward[i]) +
                 " by backward, but " + number(numeric) + " by finite differences";
    }
  }
  return sentence;
}

}  // namespace

std::vector<Variable> trainable(const torch::nn::Module& module) {
  std::vector<Variable> variables;
  for (const auto& parameter : module.named_parameters()) {
    if (parameter.value().requires_grad()) variables.push_back({"parameter " + parameter.key(), parameter.value()});
  }
  return variables;
}

void to_float64(torch::nn::Module& module) {
  for (auto& parameter : module.parameters()) parameter.set_data(parameter.to(torch::kFloat64));
  for (auto& buffer : module.buffers()) {
    if (buffer.is_floating_point()) buffer.set_data(buffer.to(torch::kFloat64));
  }
}

void copy_state(const torch::nn::Module& from, torch::nn::Module& to) {
  const torch::NoGradGuard no_grad;
  auto parameters = to.named_parameters();
  for (const auto& parameter : from.named_parameters()) parameters[parameter.key()].copy_(parameter.value());
  auto buffers = to.named_buffers();
  for (const auto& buffer : from.named_buffers()) buffers[buffer.key()].copy_(buffer.value());
}

void guarded(Failures& failures, const std::string& what, const std::function<void()>& body) {
  try {
    body();
  } catch (const c10::Error& error) {
    failures.push_back(what + ": threw " + error.what_without_backtrace());
  } catch (const std::exception& error) {
    failures.push_back(what + ": threw " + error.what());
  }
}

std::string difference(const torch::Tensor& a, const torch::Tensor& b, double relative, double absolute) {
  if (a.sizes() != b.sizes()) return "the shapes are " + shape_text(a.sizes()) + " and " + shape_text(b.sizes());
  const auto x = a.detach().to(torch::kFloat64);
  const auto y = b.detach().to(torch::kFloat64);
  if (torch::allclose(x, y, relative, absolute)) return "";
  return "the largest difference is " + number((x - y).abs().max().item<double>());
}

Failures compare_gradients(torch::nn::Module& module, const std::function<torch::Tensor()>& value,
                           const std::vector<Variable>& variables) {
  const OneThread one_thread;
  const Repeatable repeatable(module, value);
  torch::autograd::variable_list tensors;
  for (const Variable& variable : variables) tensors.push_back(variable.tensor);
  const auto result = repeatable();
  if (!result.requires_grad()) return {"the result does not depend on anything that has a gradient"};
  const auto gradients = torch::autograd::grad({result}, tensors, {}, false, false, /*allow_unused=*/true);
  Failures failures;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (!gradients[i].defined()) {
      failures.push_back(variables[i].name + " gets no gradient");
    } else if (auto text = worst(variables[i], gradients[i].contiguous(), repeatable); !text.empty()) {
      failures.push_back(std::move(text));
    }
  }
  return failures;
}

}  // namespace retort::testing
