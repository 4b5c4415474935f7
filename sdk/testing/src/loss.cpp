#include <cmath>

#include "capture.hpp"
#include "differences.hpp"

namespace retort::testing {
namespace {

torch::Tensor in_type(const torch::Tensor& tensor, torch::ScalarType type) {
  return tensor.defined() && tensor.is_floating_point() ? tensor.detach().to(type, false, /*copy=*/true).contiguous()
                                                        : tensor;
}

Features in_type(const Features& features, torch::ScalarType type, bool gradients) {
  std::vector<torch::Tensor> tensors;
  for (const auto& tensor : features) tensors.push_back(in_type(tensor, type).set_requires_grad(gradients));
  return Features(std::move(tensors));
}

// A copy of the inputs: student leaves with gradients, teacher without.
LossInputs in_type(const LossInputs& in, torch::ScalarType type) {
  return {in_type(in.student, type, true), in_type(in.teacher, type, false), in_type(in.target, type), in.index,
          in.step};
}

std::vector<Variable> student_variables(const LossInputs& in) {
  std::vector<Variable> variables;
  for (std::size_t i = 0; i < in.student.size(); ++i) {
    variables.push_back({"student[" + std::to_string(i) + "]", in.student[i]});
  }
  return variables;
}

void check_untouched(const std::string& side, const Features& before, const Features& after, Failures& failures) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!torch::equal(before[i], after[i])) failures.push_back("it overwrites " + side + "[" + std::to_string(i) + "]");
  }
}

void check_value(Loss& loss, const LossInputs& given, Failures& failures) {
  const LossInputs in = in_type(given, torch::kFloat64);
  const auto value = loss.forward(in);
  if (value.dim() != 0) failures.push_back("the value has shape " + shape_text(value.sizes()) + ", expected a scalar");
  if (value.scalar_type() != torch::kFloat64) {
    failures.push_back(std::string("the value of float64 inputs is ") + toString(value.scalar_type()));
  }
  if (!torch::isfinite(value).all().item<bool>()) failures.push_back("the value is not finite");
  value.sum().backward();
  check_untouched("student", in_type(given.student, torch::kFloat64, false), in.student, failures);
  check_untouched("teacher", in_type(given.teacher, torch::kFloat64, false), in.teacher, failures);
  for (std::size_t i = 0; i < in.teacher.size(); ++i) {
    if (in.teacher[i].requires_grad())
      failures.push_back("it makes teacher[" + std::to_string(i) + "] need a gradient");
  }
}

torch::Tensor value_of(Loss& loss, const LossInputs& given, torch::ScalarType type) {
  torch::manual_seed(2);
  return loss.forward(in_type(given, type)).detach();
}

// The same inputs with other values.
LossInputs negated(const LossInputs& in) {
  LossInputs other = in_type(in, torch::kFloat32);
  torch::NoGradGuard no_grad;
  for (const torch::Tensor& tensor : other.student) tensor.neg_();
  for (const torch::Tensor& tensor : other.teacher) tensor.neg_();
  return other;
}

// Values of a scheduled parameter other than `from`, within its range.
std::vector<double> other_values(const ParamSpec& parameter, double from) {
  std::vector<double> values;
  for (const double value : {2 * from, from / 2, from + 1, from - 1}) {
    if (std::isfinite(value) && value != from && parameter.range.contains(value)) values.push_back(value);
  }
  return values;
}

// A loss that is told a value must be the one that is made with it.
void check_scheduled(const Plugin& plugin, const std::string& name, const Table& options, const LossInputs& inputs,
                     const ParamSpec& parameter, Failures& failures) {
  const auto given = options.find(parameter.name);
  const double from = given != options.end() ? given->second.number()
                      : parameter.fallback   ? parameter.fallback->number()
                                             : 1.0;
  for (const double value : other_values(parameter, std::isfinite(from) ? from : 1.0)) {
    Table with_value = options;
    with_value[parameter.name] = value;
    std::shared_ptr<Loss> expected;
    try {
      expected = plugin.loss(name, with_value);
    } catch (const InvalidParameter&) {
      continue;  // does not go with the other options
    }
    const auto told = plugin.loss(name, options);
    told->set(parameter.name, value);
    if (!torch::equal(value_of(*told, inputs, torch::kFloat32), value_of(*expected, inputs, torch::kFloat32))) {
      failures.push_back("told that " + parameter.name + " is " + to_toml(value) +
                         ", it differs from a loss that was made with this value");
      return;
    }
  }
}

}  // namespace

LossInputs random_inputs(const Descriptor& loss, const Shape& shape, std::int64_t batch) {
  auto generator = at::detail::createCPUGenerator(7);
  Shape sizes = shape;
  sizes.insert(sizes.begin(), batch);
  LossInputs in;
  in.student = Features({torch::randn(sizes, generator)});
  if (!loss.teacher_tap.empty()) in.teacher = Features({torch::randn(sizes, generator)});
  in.target = torch::randint(shape.at(0), {batch}, generator, torch::kInt64);
  in.index = torch::arange(batch);
  return in;
}

Failures check_gradients(Loss& loss, const LossInputs& inputs) {
  to_float64(loss);
  const LossInputs in = in_type(inputs, torch::kFloat64);
  std::vector<Variable> variables = student_variables(in);
  for (Variable& parameter : trainable(loss)) variables.push_back(std::move(parameter));
  return compare_gradients(
      loss, [&] { return loss.forward(in); }, variables);
}

Failures check_loss(const Plugin& plugin, const std::string& name, const Table& options, const LossInputs& inputs) {
  const Descriptor& descriptor = plugin.component(Kind::Loss, name).descriptor;
  Failures failures = problems(descriptor);
  guarded(failures, "value", [&] {
    const auto loss = plugin.loss(name, options);
    to_float64(*loss);
    check_value(*loss, inputs, failures);
  });
  guarded(failures, "gradients", [&] {
    const auto loss = plugin.loss(name, options);
    for (std::string& failure : check_gradients(*loss, inputs)) failures.push_back(std::move(failure));
  });
  guarded(failures, "repetition", [&] {
    const auto value = value_of(*plugin.loss(name, options), inputs, torch::kFloat32);
    if (!torch::equal(value, value_of(*plugin.loss(name, options), inputs, torch::kFloat32))) {
      failures.push_back("equal seeds give different values");
    }
    const auto wide = plugin.loss(name, options);
    to_float64(*wide);
    if (auto text = difference(value, value_of(*wide, inputs, torch::kFloat64), 1e-4, 1e-5); !text.empty()) {
      failures.push_back("float32 and float64 disagree: " + text);
    }
  });
  guarded(failures, "capture", [&] {
    const auto loss = plugin.loss(name, options);
    if (!loss->capture_safe()) return;
    const LossInputs first = in_type(inputs, torch::kFloat32), second = negated(inputs);
    check_capture_safe([&] { loss->forward(first); }, [&] { loss->forward(second); }, failures);
  });
  guarded(failures, "state", [&] {
    const auto loss = plugin.loss(name, options);
    value_of(*loss, inputs, torch::kFloat32);
    Plugin elsewhere = plugin;
    elsewhere.set_seed(99);
    const auto restored = elsewhere.loss(name, options);
    copy_state(*loss, *restored);
    if (!torch::equal(value_of(*loss, inputs, torch::kFloat32), value_of(*restored, inputs, torch::kFloat32))) {
      failures.push_back("a loss restored from its parameters and buffers gives another value: it has other state");
    }
  });
  for (const ParamSpec& parameter : descriptor.params) {
    if (!parameter.scheduled) continue;
    guarded(failures, "schedule", [&] { check_scheduled(plugin, name, options, inputs, parameter, failures); });
  }
  return failures;
}

Failures check_loss(const Plugin& plugin, const std::string& name, const Table& options) {
  return check_loss(plugin, name, options, random_inputs(plugin.component(Kind::Loss, name).descriptor));
}

}  // namespace retort::testing
