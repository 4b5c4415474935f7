#include "capture.hpp"
#include "differences.hpp"

// Projectors and normalizations: modules that map one tensor to another.
namespace retort::testing {
namespace {

constexpr std::int64_t kBatch = 4;

torch::Tensor random_features(const Shape& shape) {
  Shape sizes = shape;
  sizes.insert(sizes.begin(), kBatch);
  return torch::randn(sizes, at::detail::createCPUGenerator(5), torch::kFloat64);
}

// The contract that both kinds share, for features that the module accepted.
template <class Mapping>
void check_mapping(Mapping& mapping, const Shape& in, const Shape& out, const std::string& where, Failures& failures) {
  to_float64(mapping);
  const auto before = random_features(in);
  const auto features = before.clone().set_requires_grad(true);
  const auto result = mapping.forward(features);
  Shape expected = out;
  expected.insert(expected.begin(), kBatch);
  if (result.sizes() != at::IntArrayRef(expected)) {
    failures.push_back(where + "the result has shape " + shape_text(result.sizes()) + ", expected " +
                       shape_text(expected));
    return;
  }
  if (result.scalar_type() != torch::kFloat64) {
    failures.push_back(where + "the result of float64 features is " + toString(result.scalar_type()));
  }
  if (!torch::equal(features, before)) failures.push_back(where + "it overwrites the features");

  // Uneven weights: the plain sum of normalised values is constant.
  const auto weights = torch::linspace(-1, 2, result.numel(), torch::kFloat64).view_as(result).square();
  std::vector<Variable> variables = trainable(mapping);
  variables.insert(variables.begin(), {"the features", features});
  const auto value = [&] { return (mapping.forward(features) * weights).sum(); };
  for (const std::string& failure : compare_gradients(mapping, value, variables)) failures.push_back(where + failure);
  if (!mapping.capture_safe()) return;
  Failures capture;
  const auto other = -2 * before;
  check_capture_safe([&] { mapping.forward(before); }, [&] { mapping.forward(other); }, capture);
  for (const std::string& failure : capture) failures.push_back(where + failure);
}

bool same_parameters(const torch::nn::Module& a, const torch::nn::Module& b) {
  const auto first = a.parameters();
  const auto second = b.parameters();
  return std::equal(first.begin(), first.end(), second.begin(), second.end(),
                    [](const auto& x, const auto& y) { return torch::equal(x, y); });
}

}  // namespace

Failures check_projector(const Plugin& plugin, const std::string& name, const Table& options) {
  const ProjectorShapes candidates[] = {{{6}, {4}},
                                        {{5}, {5}},
                                        {{3, 6}, {3, 4}},
                                        {{3, 5}, {3, 5}},
                                        {{6, 3, 3}, {4, 3, 3}},
                                        {{5, 3, 3}, {5, 3, 3}},
                                        {{5, 4, 4}, {5, 2, 2}},
                                        {{5, 3, 3}, {4}}};
  Failures failures = problems(plugin.component(Kind::Projector, name).descriptor);
  bool accepted = false;
  for (const ProjectorShapes& shapes : candidates) {
    const std::string where = shape_text(shapes.in) + " to " + shape_text(shapes.out) + ": ";
    guarded(failures, where + "projection", [&] {
      std::shared_ptr<Projector> projector;
      try {
        projector = plugin.projector(name, shapes, options);
      } catch (const ShapeError&) {
        return;
      }
      accepted = true;
      if (!same_parameters(*projector, *plugin.projector(name, shapes, options))) {
        failures.push_back(where + "equal seeds give different weights");
      }
      check_mapping(*projector, shapes.in, shapes.out, where, failures);
    });
  }
  if (!accepted && failures.empty()) failures.push_back("it refuses vectors, tokens and feature maps alike");
  return failures;
}

Failures check_normalization(const Plugin& plugin, const std::string& name, const Table& options) {
  const Shape candidates[] = {{6}, {3, 6}, {6, 3, 3}};
  Failures failures = problems(plugin.component(Kind::Normalization, name).descriptor);
  bool accepted = false;
  for (const Shape& shape : candidates) {
    const std::string where = shape_text(shape) + ": ";
    guarded(failures, where + "normalization", [&] {
      std::shared_ptr<Normalization> normalization;
      try {
        normalization = plugin.normalization(name, shape, options);
      } catch (const ShapeError&) {
        return;
      }
      accepted = true;
      check_mapping(*normalization, shape, shape, where, failures);
    });
  }
  if (!accepted && failures.empty()) failures.push_back("it refuses vectors, tokens and feature maps alike");
  return failures;
}

}  // namespace retort::testing
