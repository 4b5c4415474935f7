#include <cstdio>

#include <nlohmann/json.hpp>

#include <retort/nearest.hpp>

#include "command.hpp"
#include "component_options.hpp"
#include "weights/safetensors.hpp"

namespace retort::app {
namespace {

struct Options {
  ComponentOptions component;
  std::string student, teacher, target, gradient_out;
  std::string student_tap, teacher_tap;
  bool json = false;
};

struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
};

// The tensor that a side of the loss reads: the tap asked for, else the loss's default, else the only one in the file.
NamedTensor choose_tap(const std::string& path, const std::string& wanted, const std::string& fallback) {
  const auto tensors = weights::load_tensors(path).tensors;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    if (name != "target") names.push_back(name);
  }
  std::string tap = wanted.empty() ? fallback : wanted;
  if (wanted.empty() && !tensors.contains(tap) && names.size() == 1) tap = names.front();
  const auto found = tensors.find(tap);
  if (found == tensors.end()) {
    throw InvalidParameter(path + " has no tensor '" + tap + "'" + did_you_mean(tap, names) +
                           " (it has: " + join(names) + ")");
  }
  return {tap, found->second};
}

torch::Tensor read_target(const std::string& path) {
  const auto tensors = weights::load_tensors(path).tensors;
  const auto found = tensors.size() == 1 ? tensors.begin() : tensors.find("target");
  if (found == tensors.end()) throw InvalidParameter(path + " has no tensor 'target'");
  return found->second.is_floating_point() ? found->second : found->second.to(torch::kInt64);
}

int evaluate(const Options& options) {
  auto registry = options.component.plugins.scan();
  const Descriptor* descriptor = nullptr;
  const auto spec = options.component.read(Kind::Loss, registry, descriptor);
  const bool needs_teacher = !descriptor->teacher_tap.empty();
  if (needs_teacher && options.teacher.empty()) {
    throw InvalidParameter("loss '" + descriptor->name + "' compares with a teacher: --teacher FILE is missing");
  }
  if (!needs_teacher && !options.teacher.empty()) {
    throw InvalidParameter("loss '" + descriptor->name + "' looks at no teacher, but --teacher is given");
  }

  NamedTensor student = choose_tap(options.student, options.student_tap, descriptor->student_tap);
  student.tensor.requires_grad_(true);
  LossInputs inputs{.student = Features({student.tensor})};
  if (needs_teacher) {
    inputs.teacher = Features({choose_tap(options.teacher, options.teacher_tap, descriptor->teacher_tap).tensor});
  }
  if (!options.target.empty()) inputs.target = read_target(options.target);
  inputs.index = torch::arange(student.tensor.size(0));

  PlainServices services;
  const auto loss = registry.make_loss(spec, services);
  loss->to(student.tensor.scalar_type());
  const torch::Tensor value = registry::guarded(spec, "in its forward pass", [&] { return loss->forward(inputs); });
  if (!options.gradient_out.empty()) {
    registry::guarded(spec, "in its backward pass", [&] { value.backward(); });
    const torch::Tensor gradient = student.tensor.grad();
    weights::save_tensors(
        options.gradient_out,
        {{{"student." + student.name, gradient.defined() ? gradient : torch::zeros_like(student.tensor)}}, {}});
  }
  const double number = value.item<double>();
  if (options.json) {
    std::printf("%s\n", nlohmann::json{{"loss", number}}.dump().c_str());
  } else {
    std::printf("%.17g\n", number);
  }
  return kDone;
}

}  // namespace

Action add_loss(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->component.add_to(app, Kind::Loss);
  app.add_option("--student", options->student, "Safetensors file of the student's taps")
      ->required()
      ->type_name("FILE");
  app.add_option("--teacher", options->teacher, "Safetensors file of the teacher's taps")->type_name("FILE");
  app.add_option("--target", options->target,
                 "Safetensors file with 'target': labels [N] or probabilities [N, classes]")
      ->type_name("FILE");
  app.add_option("--grad-out", options->gradient_out, "Write the gradient with respect to the student's tap")
      ->type_name("FILE");
  app.add_option("--student-tap", options->student_tap, "Tensor to read from --student (default: the loss's own)")
      ->type_name("TAP");
  app.add_option("--teacher-tap", options->teacher_tap, "Tensor to read from --teacher (default: the loss's own)")
      ->type_name("TAP");
  app.add_flag("--json", options->json, "Print {\"loss\": value}");
  app.footer("Tensors keep their type: float64 in, float64 arithmetic.");
  return [options] { return evaluate(*options); };
}

}  // namespace retort::app
