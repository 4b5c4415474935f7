#include "capture.hpp"
#include "differences.hpp"

namespace retort::testing {
namespace {

constexpr std::int64_t kBatch = 2;
constexpr std::int64_t kClasses = 7;
constexpr const char* kPackage = "package";  // the parameter that names a file with network and weights
constexpr const char* kMissing = "/nowhere/teacher.pt2";

bool declares(const Descriptor& descriptor, const std::string& parameter) {
  for (const ParamSpec& spec : descriptor.params) {
    if (spec.name == parameter) return true;
  }
  return false;
}

ModelInput random_images(const Shape& shape, std::uint64_t seed = 3) {
  Shape sizes = shape;
  sizes.insert(sizes.begin(), kBatch);
  return {torch::randn(sizes, at::detail::createCPUGenerator(seed)), {}};
}

std::vector<std::string> tap_names(const Model& model, Failures& failures) {
  std::vector<std::string> names;
  for (const TapInfo& tap : model.taps()) {
    if (tap.doc.empty()) failures.push_back("tap '" + tap.name + "' has no documentation");
    if (std::find(names.begin(), names.end(), tap.name) != names.end()) {
      failures.push_back("tap '" + tap.name + "' is declared twice");
    }
    names.push_back(tap.name);
  }
  if (names.empty()) failures.push_back("it declares no taps");
  return names;
}

// The shape, mean and deviation must be of one number of channels.
void check_input(const InputSpec& spec, Failures& failures) {
  if (spec.shape.size() != 3) {
    failures.push_back("input() has shape " + shape_text(spec.shape) + ", expected channels, height and width");
  } else if ((!spec.mean.empty() || !spec.deviation.empty()) &&
             (static_cast<std::int64_t>(spec.mean.size()) != spec.shape[0] ||
              spec.mean.size() != spec.deviation.size())) {
    failures.push_back("input() has not one mean and deviation a channel");
  }
}

void check_each_tap(Model& model, const ModelInput& input, const std::vector<std::string>& names, Failures& failures) {
  const torch::NoGradGuard no_grad;
  const Taps all = model.forward(input, TapRequest(names));
  std::size_t before = 0;
  for (const std::string& name : names) {
    std::map<std::string, torch::Tensor, std::less<>> alone;
    const std::size_t now = operators_of([&] { alone = model.forward(input, TapRequest({name})).tensors(); }).size();
    if (alone.size() != 1 || !alone.contains(name) || !all.contains(name)) {
      failures.push_back("tap '" + name + "' asked for alone or among all is not what forward() hands out");
      continue;
    }
    if (auto text = difference(alone.at(name), all.at(name), 1e-5, 1e-6); !text.empty()) {
      failures.push_back("tap '" + name + "' alone differs from the one among all taps: " + text);
    }
    if (alone.at(name).size(0) != kBatch) failures.push_back("tap '" + name + "' does not begin with the batch");
    if (now < before) {
      failures.push_back("tap '" + name +
                         "' takes fewer operations than the one declared before it: taps are declared "
                         "in the order of computation, and nothing behind the last one asked for is computed");
    }
    before = now;
  }
}

void check_evaluation(Model& model, const ModelInput& input, const std::string& tap, Failures& failures) {
  const torch::NoGradGuard no_grad;
  const auto first = model.forward(input, TapRequest({tap})).at(tap);
  const auto second = model.forward(input, TapRequest({tap})).at(tap);
  if (!torch::equal(first, second)) failures.push_back("evaluation is not deterministic");
  if (!torch::isfinite(first).all().item<bool>()) failures.push_back("'" + tap + "' is not finite in evaluation");
}

void check_reached(Model& model, ModelInput input, const std::string& tap, Failures& failures) {
  model.train();
  input.target = torch::arange(kBatch) % kClasses;
  const auto output = model.forward(input, TapRequest({tap})).at(tap);
  (output * torch::linspace(-1, 2, output.numel()).view_as(output)).sum().backward();
  for (const Variable& parameter : trainable(model)) {
    if (!parameter.tensor.grad().defined()) failures.push_back("'" + tap + "' does not reach " + parameter.name);
  }
}

void check_capture(Model& model, const ModelInput& input, const std::string& tap, Failures& failures) {
  if (!model.capture_safe()) return;
  ModelInput other = random_images(model.input().shape, 4);
  other.target = input.target;
  const TapRequest request({tap});
  check_capture_safe([&] { model.forward(input, request); }, [&] { model.forward(other, request); }, failures);
}

// A model that lives in a file says so when the file is not there.
void check_missing_package(const Plugin& plugin, const std::string& name, Table options, Failures& failures) {
  options[kPackage] = kMissing;
  try {
    plugin.model(name, options);
    failures.push_back("a package that is not there is no error");
  } catch (const DataError& error) {
    if (std::string(error.what()).find(kMissing) == std::string::npos) {
      failures.push_back(std::string("the message about a missing package does not name it: ") + error.what());
    }
  }
}

}  // namespace

Failures check_model(const Plugin& plugin, const std::string& name, const Table& options) {
  Failures failures = problems(plugin.component(Kind::Model, name).descriptor);
  guarded(failures, "model", [&] {
    const Descriptor& descriptor = plugin.component(Kind::Model, name).descriptor;
    if (declares(descriptor, kPackage) && !options.contains(kPackage)) {
      check_missing_package(plugin, name, options, failures);
      return;
    }
    Table given = options;
    const bool classifier = declares(descriptor, "classes");
    if (classifier) given["classes"] = kClasses;
    auto model = plugin.model(name, given);
    if (declares(descriptor, "input_shape")) {
      const Shape shape = model->input().shape;
      given["input_shape"] = List(shape.begin(), shape.end());
      model = plugin.model(name, given);
      if (model->input().shape != shape) failures.push_back("it does not honour input_shape");
    }
    check_input(model->input(), failures);
    const auto names = tap_names(*model, failures);
    if (!failures.empty()) return;

    const ModelInput input = random_images(model->input().shape);
    model->eval();
    check_each_tap(*model, input, names, failures);
    check_evaluation(*model, input, names.back(), failures);
    check_capture(*model, input, names.back(), failures);
    if (classifier) {
      if (names.back() != "logits")
        failures.push_back("a classifier's last tap is 'logits', found '" + names.back() + "'");
      const torch::NoGradGuard no_grad;
      const auto sizes = model->forward(input, TapRequest({names.back()})).at(names.back()).sizes();
      if (sizes != at::IntArrayRef({kBatch, kClasses})) {
        failures.push_back("logits for " + std::to_string(kClasses) + " classes have shape " + shape_text(sizes));
      }
    }
    check_reached(*model, input, names.back(), failures);
    check_capture(*model, input, names.back(), failures);
  });
  return failures;
}

}  // namespace retort::testing
