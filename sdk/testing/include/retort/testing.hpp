#pragma once

// The testing kit: loads a plugin the way the host does, creates its components, and checks the contracts of
// retort/<kind>.hpp. It needs no test framework; with GoogleTest:
//
//   const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);
//   EXPECT_THAT(retort::testing::check_loss(plugin, "my_loss"), ::testing::IsEmpty());

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <retort/plugin.hpp>

namespace retort::testing {

// What is wrong, a sentence each; empty when all is well.
using Failures = std::vector<std::string>;

// A plugin library and the host's side of it: a context whose log is silent and whose metrics are kept.
class Plugin {
 public:
  // Throws Error when the library cannot be loaded, is no plugin, or was built with another ABI stamp.
  explicit Plugin(const std::filesystem::path& library);

  const Manifest& manifest() const { return *manifest_; }
  // Throws Error, with the nearest name, when the library does not offer it.
  const Component& component(Kind kind, const std::string& name) const;

  // Each creates a component after seeding LibTorch's generators and the context's with `seed()`. Throws as component()
  // does, InvalidParameter when the options do not fit, and whatever the constructor throws.
  std::shared_ptr<Loss> loss(const std::string& name, const Table& options = {}) const;
  std::shared_ptr<Projector> projector(const std::string& name, const ProjectorShapes& shapes,
                                       const Table& options = {}) const;
  std::shared_ptr<Normalization> normalization(const std::string& name, const Shape& shape,
                                               const Table& options = {}) const;
  std::shared_ptr<Model> model(const std::string& name, const Table& options = {}) const;
  std::shared_ptr<Dataset> dataset(const std::string& name, const Table& options = {}) const;

  void set_seed(std::uint64_t seed) { seed_ = seed; }

  // The latest value of everything that the components of this library have reported.
  const std::map<std::string, torch::Tensor, std::less<>>& reported() const;

 private:
  struct Services;

  template <class Factory, class... Shapes>
  auto create(Kind kind, const std::string& name, const Shapes&... shapes, const Table& options) const;

  std::shared_ptr<Services> services_;
  const Manifest* manifest_ = nullptr;
  std::uint64_t seed_ = 1;
};

// Inputs for a loss from its declaration: one branch a side, normally distributed, [batch, shape...] (no teacher for a
// loss without one), and labels in [0, shape[0]). The same on every call.
LossInputs random_inputs(const Descriptor& loss, const Shape& shape = {10}, std::int64_t batch = 6);

// Compares the gradient of every student tensor and every trainable parameter with central finite differences in
// float64, at up to 64 places a tensor. Turns the loss's parameters and buffers to float64.
Failures check_gradients(Loss& loss, const LossInputs& inputs);

// A loss: a finite scalar of its inputs' type; gradients for the student and every parameter that agree with finite
// differences; inputs left as they are; float32 and float64 agree; equal seeds give equal values, and so does a copy
// made from parameters and buffers; told the value of a scheduled parameter, it is the loss made with that value.
// Uses random_inputs() of the loss unless given others.
Failures check_loss(const Plugin& plugin, const std::string& name, const Table& options = {});
Failures check_loss(const Plugin& plugin, const std::string& name, const Table& options, const LossInputs& inputs);

// A projector, for vectors, tokens and feature maps: refuses the shapes with ShapeError, or maps [N, in...] to
// [N, out...]; gradients for the features and every parameter that agree with finite differences; the features left as
// they are; equal seeds give equal weights. It must accept at least one pair of shapes.
Failures check_projector(const Plugin& plugin, const std::string& name, const Table& options = {});

// A normalization, for vectors, tokens and feature maps: refuses the shape with ShapeError, or keeps it; gradients
// agree with finite differences; the features left as they are. It must accept at least one shape.
Failures check_normalization(const Plugin& plugin, const std::string& name, const Table& options = {});

// A model: honours `classes` and `input_shape` where it declares them; hands out exactly the taps asked for, each alone
// as among all; declares them in the order of computation and computes nothing behind the last; evaluates
// deterministically; logits reach every trainable parameter.
Failures check_model(const Plugin& plugin, const std::string& name, const Table& options = {});

// A data set: consistent info() without a file. One with a `root` throws DataError naming a folder that is not there;
// one whose `root` is given or need not be loads splits that fit its info(), the same each time.
Failures check_dataset(const Plugin& plugin, const std::string& name, const Table& options = {});

}  // namespace retort::testing
