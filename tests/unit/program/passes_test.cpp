#include <gmock/gmock.h>

#include <algorithm>

#include <retort/testing_operators.hpp>

#include "networks.hpp"
#include "program/kept_state.hpp"
#include "program/passes/passes.hpp"

// Every pass against the program that it was given.
namespace retort::program {
namespace {

using ::testing::Contains;
using testing::images;
using ::testing::Not;
using testing::recorded;

std::vector<std::string> operators(const Program& program) {
  std::vector<std::string> names;
  for (const Instruction& instruction : program.instructions) names.push_back(instruction.op);
  return names;
}

void expect_close(const Outputs& found, const Outputs& expected, double tolerance) {
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(torch::allclose(found.at(name).to(torch::kDouble), tensor.to(torch::kDouble), tolerance, tolerance))
        << name << " is off by " << (found.at(name) - tensor).abs().max().item<double>();
  }
}

// A frozen network and what it says of some images.
template <class Net>
struct Frozen {
  explicit Frozen(torch::ScalarType type) : net(testing::trained<Net>(type)), type(type) {
    net->eval();
    program = recorded(*net, images(4, 1, type));
    expected = net->forward(images(4, 2, type));
    freeze(program);
  }
  Outputs run() const { return Interpreter(program).run(images(4, 2, type), {}); }

  torch::NoGradGuard no_grad;
  std::shared_ptr<Net> net;
  torch::ScalarType type;
  Program program;
  Outputs expected;
};

TEST(FoldBatchNorms, KeepsWhatTheNetworkSays) {
  Frozen<testing::PostActivation> frozen(torch::kDouble);
  EXPECT_EQ(fold_batch_norms(frozen.program), 3u);
  EXPECT_THAT(operators(frozen.program), Not(Contains("aten::batch_norm")));
  expect_close(frozen.run(), frozen.expected, 1e-12);
}

// The batch norm before the first convolution reads the raw sum: nothing to fold it into.
TEST(FoldBatchNorms, LeavesBatchNormsBeforeConvolutions) {
  Frozen<testing::PreActivation> frozen(torch::kDouble);
  EXPECT_EQ(fold_batch_norms(frozen.program), 1u);
  EXPECT_THAT(operators(frozen.program), Contains("aten::batch_norm"));
  expect_close(frozen.run(), frozen.expected, 1e-12);
}

TEST(FoldBatchNorms, IsRefusedInTraining) {
  auto net = testing::trained<testing::PostActivation>();
  Program program = recorded(*net, images(4, 1));
  EXPECT_EQ(fold_batch_norms(program), 0u);
}

TEST(FuseBatchNorms, OfAFrozenNetworkKeepsWhatItSays) {
  Frozen<testing::PostActivation> post(torch::kFloat);
  EXPECT_EQ(fuse_batch_norms(post.program), 3u);
  EXPECT_THAT(operators(post.program), Not(Contains("aten::relu_")));
  EXPECT_THAT(operators(post.program), Not(Contains("aten::add")));
  expect_close(post.run(), post.expected, 1e-5);
  Frozen<testing::PreActivation> pre(torch::kFloat);
  EXPECT_EQ(fuse_batch_norms(pre.program), 2u);
  expect_close(pre.run(), pre.expected, 1e-5);
}

TEST(PrepackConvolutions, KeepsWhatTheNetworkSays) {
  Frozen<testing::PostActivation> post(torch::kFloat);
  fold_batch_norms(post.program);
  EXPECT_EQ(prepack_convolutions(post.program), 3u);
  EXPECT_THAT(operators(post.program), Not(Contains("aten::relu_")));
  EXPECT_THAT(operators(post.program), Not(Contains("aten::add")));
  expect_close(post.run(), post.expected, 1e-5);
  Frozen<testing::PreActivation> pre(torch::kFloat);
  fold_batch_norms(pre.program);
  EXPECT_EQ(prepack_convolutions(pre.program), 3u);
  fuse_batch_norms(pre.program);
  expect_close(pre.run(), pre.expected, 1e-5);
}

template <class Net>
std::vector<std::string> called_by_prepacked() {
  Frozen<Net> frozen(torch::kFloat);
  fold_batch_norms(frozen.program);
  prepack_convolutions(frozen.program);
  return ::retort::testing::operators_of([&] { expect_close(frozen.run(), frozen.expected, 1e-5); });
}

// The operator that does not work in place makes a copy of the shortcut.
TEST(PrepackConvolutions, AddToTheMemoryOfAShortcutThatNobodyElseReads) {
  for (const auto& called :
       {called_by_prepacked<testing::PostActivation>(), called_by_prepacked<testing::PreActivation>()}) {
    EXPECT_EQ(std::ranges::count(called, "mkldnn::_convolution_pointwise_"), 1);
    EXPECT_EQ(std::ranges::count(called, "mkldnn::_convolution_pointwise"), 2);
  }
}

// The shortcut is read once more: as it is, behind a view, or as a tap.
struct SharedShortcut final : testing::Network {
  enum class By { Sum, View, Tap } by;
  torch::nn::Conv2d conv1 = register_module("conv1", testing::conv(3, 16, 3));
  torch::nn::Conv2d conv2 = register_module("conv2", testing::conv(16, 16, 3));

  explicit SharedShortcut(By by) : by(by) {}
  Outputs forward(const torch::Tensor& images) override {
    const auto x = conv1(images), view = x.flatten(1);
    const auto y = conv2(x) + x;
    if (by == By::Sum) return {{"y", y}, {"other", y * x}};
    if (by == By::View) return {{"y", y}, {"other", view * 2}};
    return {{"y", y}, {"other", x}};
  }
};

TEST(PrepackConvolutions, LeaveAShortcutThatIsReadOnceMore) {
  for (const auto by : {SharedShortcut::By::Sum, SharedShortcut::By::View, SharedShortcut::By::Tap}) {
    const torch::NoGradGuard no_grad;
    SharedShortcut net(by);
    net.eval();
    const auto batch = testing::images(4, 2);
    Program program = testing::recorded(net, batch);
    freeze(program);
    const Outputs expected = net.forward(batch);
    EXPECT_EQ(prepack_convolutions(program), 2u);
    Outputs found;
    const auto called = ::retort::testing::operators_of([&] { found = Interpreter(program).run(batch, {}); });
    EXPECT_EQ(std::ranges::count(called, "mkldnn::_convolution_pointwise_"), 0);
    expect_close(found, expected, 1e-5);
  }
}

TEST(PrepackConvolutions, OfOneNetworkGivesTheSameTwice) {
  Frozen<testing::PreActivation> frozen(torch::kFloat);
  prepack_convolutions(frozen.program);
  const Outputs first = frozen.run(), second = frozen.run();
  EXPECT_TRUE(torch::equal(first.at("block"), second.at("block")));
}

TEST(LowerConstants, RoundsWeightsOnceAndKeepsStatistics) {
  Frozen<testing::PostActivation> frozen(torch::kFloat);
  fold_batch_norms(frozen.program);
  EXPECT_GE(lower_constants(frozen.program, torch::kBFloat16), 6u);
  prepack_convolutions(frozen.program);
  const Outputs found = Interpreter(frozen.program).run(images(4, 2).to(torch::kBFloat16), {});
  EXPECT_EQ(found.at("logits").scalar_type(), torch::kBFloat16);
  expect_close({{"logits", found.at("logits").to(torch::kFloat)}}, {{"logits", frozen.expected.at("logits")}}, 5e-2);
}

// A network in training: outputs, gradients of all parameters, and buffers afterwards.
struct Step {
  Outputs outputs;
  std::vector<torch::Tensor> gradients;
  std::vector<torch::Tensor> buffers;
};

template <class Net>
Step train(Net& net, const Program& program, const torch::Tensor& batch) {
  const KeptState kept({&net}, c10::kCPU);
  Step step{.outputs = Interpreter(program).run(batch, {})};
  torch::Tensor sum;
  for (const auto& [name, tensor] : step.outputs) {
    const auto value = (tensor.to(torch::kDouble) * torch::linspace(-1, 1, tensor.numel()).view_as(tensor)).sum();
    sum = sum.defined() ? sum + value : value;
  }
  step.gradients = torch::autograd::grad({sum}, net.parameters());
  for (const torch::Tensor& buffer : net.buffers()) step.buffers.push_back(buffer.clone());
  return step;
}

void expect_close(const std::vector<torch::Tensor>& found, const std::vector<torch::Tensor>& expected, double tolerance,
                  const char* what) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double scale = std::max(1.0, expected[i].to(torch::kDouble).abs().max().item<double>());
    EXPECT_LE((found[i].to(torch::kDouble) - expected[i].to(torch::kDouble)).abs().max().item<double>(),
              tolerance * scale)
        << what << " " << i;
  }
}

template <class Net>
class Training : public ::testing::Test {};
using Networks = ::testing::Types<testing::PostActivation, testing::PreActivation>;
TYPED_TEST_SUITE(Training, Networks);

TYPED_TEST(Training, FusedBatchNormsKeepOutputsGradientsAndBuffers) {
  for (const auto& [type, tolerance] : {std::pair(torch::kDouble, 1e-10), std::pair(torch::kFloat, 2e-4)}) {
    auto net = testing::trained<TypeParam>(type);
    Program program;
    {
      const KeptState kept({net.get()}, c10::kCPU);
      program = recorded(*net, images(4, 1, type));
    }
    const Step expected = train(*net, program, images(4, 2, type));
    EXPECT_GE(fuse_batch_norms(program), 2u);
    EXPECT_GE(merge_counters(program), 2u);
    EXPECT_THAT(operators(program), Not(Contains("aten::relu_")));
    EXPECT_THAT(operators(program), Not(Contains("aten::add_")));
    const Step found = train(*net, program, images(4, 2, type));
    expect_close(found.outputs, expected.outputs, tolerance);
    expect_close(found.gradients, expected.gradients, tolerance, "gradient");
    expect_close(found.buffers, expected.buffers, tolerance, "buffer");
  }
}

TYPED_TEST(Training, CopiesOfWeightsGiveTheirGradientToTheWeights) {
  auto net = testing::trained<TypeParam>();
  Program program;
  {
    const KeptState kept({net.get()}, c10::kCPU);
    program = recorded(*net, images(4, 1));
  }
  const Step expected = train(*net, program, images(4, 2));
  // In single precision a copy is the weight: the gradient takes another way, and nothing else changes.
  WeightCopies same(torch::kFloat);
  Program copied = program;
  EXPECT_GE(use_copies(copied, same), 2u);
  const Step found = train(*net, copied, images(4, 2));
  expect_close(found.outputs, expected.outputs, 1e-5);
  expect_close(found.gradients, expected.gradients, 1e-5, "gradient");
  for (const torch::Tensor& gradient : found.gradients) EXPECT_EQ(gradient.scalar_type(), torch::kFloat);
}

}  // namespace
}  // namespace retort::program
