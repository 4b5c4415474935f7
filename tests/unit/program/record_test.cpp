#include <gmock/gmock.h>

#include "networks.hpp"
#include "program/kept_state.hpp"

namespace retort::program {
namespace {

using testing::images;
using testing::recorded;

template <class Net>
class Recording : public ::testing::Test {};
using Networks = ::testing::Types<testing::PostActivation, testing::PreActivation, testing::Shuffled>;
TYPED_TEST_SUITE(Recording, Networks);

// The same operators in the same order: every bit is the same.
TYPED_TEST(Recording, DoesOnOtherImagesWhatTheModelDoes) {
  for (const bool training : {false, true}) {
    auto net = testing::trained<TypeParam>();
    net->train(training);
    std::optional<Program> program;
    {
      const KeptState kept({net.get()}, c10::kCPU);
      program = recorded(*net, images(4, 1));
    }
    Outputs expected;
    {
      const KeptState kept({net.get()}, c10::kCPU);
      expected = net->forward(images(4, 2));
    }
    const Outputs found = Interpreter(*program).run(images(4, 2), {});
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, tensor] : expected) EXPECT_TRUE(torch::equal(found.at(name), tensor)) << name;
  }
}

TYPED_TEST(Recording, HasTheModelsGradients) {
  auto net = testing::trained<TypeParam>();
  net->train();
  std::optional<Program> program;
  std::vector<torch::Tensor> expected;
  const auto gradients = [&](const Outputs& outputs) {
    torch::Tensor sum;
    for (const auto& [name, tensor] : outputs)
      sum = sum.defined() ? sum + tensor.square().sum() : tensor.square().sum();
    return torch::autograd::grad({sum}, net->parameters());
  };
  {
    const KeptState kept({net.get()}, c10::kCPU);
    program = recorded(*net, images(4, 1));
  }
  {
    const KeptState kept({net.get()}, c10::kCPU);
    expected = gradients(net->forward(images(4, 2)));
  }
  const auto found = gradients(Interpreter(*program).run(images(4, 2), {}));
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(torch::equal(found[i], expected[i])) << i;
}

TEST(Recording, SeesWeightsThatChangeLater) {
  auto net = testing::trained<testing::PreActivation>();
  const Interpreter program(recorded(*net, images(4, 1)));
  {
    const torch::NoGradGuard no_grad;
    net->conv1->weight.mul_(2);
  }
  net->eval();
  const auto evaluated = Interpreter(recorded(*net, images(4, 1)));
  EXPECT_TRUE(torch::equal(evaluated.run(images(4, 3), {}).at("block"), net->forward(images(4, 3)).at("block")));
  EXPECT_EQ(program.program().taps.size(), 1u);
}

TEST(Recording, CountsBatchesAsTheModelDoes) {
  auto net = testing::trained<testing::PostActivation>();
  const Interpreter program(recorded(*net, images(4, 1)));
  const auto before = net->bn1->num_batches_tracked.item<std::int64_t>();
  program.run(images(4, 2), {});
  EXPECT_EQ(net->bn1->num_batches_tracked.item<std::int64_t>(), before + 1);
}

}  // namespace
}  // namespace retort::program
