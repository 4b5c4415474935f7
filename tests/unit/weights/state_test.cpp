#include <gmock/gmock.h>

#include <torch/nn.h>

#include "weights/state.hpp"

namespace retort::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Net : torch::nn::Module {
  Net() {
    layer = register_module("layer", torch::nn::Sequential(torch::nn::Linear(2, 3), torch::nn::BatchNorm1d(3)));
    fc = register_module("fc", torch::nn::Linear(3, 1));
  }
  torch::nn::Sequential layer{nullptr};
  torch::nn::Linear fc{nullptr};
};

// A copy with other values, as a file would bring it.
std::map<std::string, torch::Tensor> filled(const torch::nn::Module& module, double value) {
  std::map<std::string, torch::Tensor> tensors = state_dict(module);
  for (auto& [name, tensor] : tensors) tensor = torch::full_like(tensor, value);
  return tensors;
}

TEST(StateDictTest, HoldsParametersAndBuffersUnderTheirPyTorchNames) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state_dict(Net())) {
    names.push_back(name);
    EXPECT_FALSE(tensor.requires_grad());
  }
  EXPECT_THAT(names, ElementsAre("fc.bias", "fc.weight", "layer.0.bias", "layer.0.weight", "layer.1.bias",
                                 "layer.1.num_batches_tracked", "layer.1.running_mean", "layer.1.running_var",
                                 "layer.1.weight"));
}

TEST(LoadStateTest, CopiesEveryTensorAndConvertsItsType) {
  Net net;
  auto tensors = filled(net, 3.0);
  for (auto& [name, tensor] : tensors) tensor = tensor.to(torch::kFloat64);
  const LoadReport report = load_state(net, tensors);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.text(), "");
  for (const auto& [name, tensor] : state_dict(net)) EXPECT_TRUE(tensor.eq(3.0).all().item<bool>()) << name;
  EXPECT_EQ(net.fc->weight.scalar_type(), torch::kFloat32);
  EXPECT_EQ(state_dict(net).at("layer.1.num_batches_tracked").scalar_type(), torch::kInt64);
  EXPECT_TRUE(net.fc->weight.requires_grad());
}

TEST(LoadStateTest, DoesWithoutTheBatchCounter) {
  Net net;
  auto tensors = filled(net, 3.0);
  tensors.erase("layer.1.num_batches_tracked");
  EXPECT_TRUE(load_state(net, tensors).clean());
  EXPECT_EQ(net.fc->bias.item<float>(), 3.0f);
}

TEST(LoadStateTest, ReportsEveryMisfitAndChangesNothing) {
  Net net;
  const std::string before = state_hash(net);
  auto tensors = filled(net, 3.0);
  tensors.erase("layer.0.bias");
  tensors["head.weight"] = torch::ones({1});
  tensors["fc.weight"] = torch::ones({10, 3});
  const LoadReport report = load_state(net, tensors);
  EXPECT_THAT(report.missing, ElementsAre("layer.0.bias"));
  EXPECT_THAT(report.unexpected, ElementsAre("head.weight"));
  ASSERT_EQ(report.misshaped.size(), 1u);
  EXPECT_EQ(report.text(),
            "1 missing: layer.0.bias; 1 unexpected: head.weight; "
            "1 of another shape: fc.weight (expected 1x3, found 10x3)");
  EXPECT_EQ(state_hash(net), before);
}

TEST(LoadReportTest, NamesThePrefixThatExplainsTheMisfit) {
  Net net;
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, tensor] : filled(net, 1.0)) tensors["module." + name] = tensor;
  EXPECT_THAT(load_state(net, tensors).text(), HasSubstr("names begin with 'module.', which must be removed"));
}

TEST(LoadReportTest, NamesTheNearestOfTheMissing) {
  Net net;
  auto tensors = filled(net, 1.0);
  tensors["fcs.weight"] = tensors.extract("fc.weight").mapped();
  EXPECT_THAT(load_state(net, tensors).text(), HasSubstr("'fcs.weight' may be 'fc.weight'"));
}

TEST(LoadReportTest, CutsLongListsShort) {
  Net net;
  EXPECT_EQ(load_state(net, {}).text(),
            "8 missing: fc.bias, fc.weight, layer.0.bias, layer.0.weight, layer.1.bias and 3 more");
}

// The digest was computed with Python's hashlib over the fields "w", "Float", the shape {2} as int64 and the two
// values as float32, each preceded by its length as a uint64.
TEST(StateHashTest, IsTheSha256OfNamesTypesShapesAndBytes) {
  torch::nn::Module module;
  module.register_parameter("w", torch::tensor({1.0f, 2.0f}));
  EXPECT_EQ(state_hash(module), "db2626bf012358ce8ac330ac8fee41d5482c27d3995b43bd21cc06fab0dd9e96");
}

TEST(StateHashTest, DependsOnNothingElse) {
  Net a;
  Net b;
  ASSERT_NE(state_hash(a), state_hash(b));
  load_state(b, state_dict(a));
  EXPECT_EQ(state_hash(a), state_hash(b));
  b.eval();
  b.fc->weight.requires_grad_(false);
  EXPECT_EQ(state_hash(a), state_hash(b));
}

TEST(StateHashTest, SeesTheSmallestChangeOfAParameterOrBuffer) {
  const torch::NoGradGuard no_grad;
  Net net;
  const std::string before = state_hash(net);
  net.fc->bias.zero_();
  const std::string zero = state_hash(net);
  EXPECT_NE(zero, before);
  net.fc->bias.fill_(-0.0);
  EXPECT_NE(state_hash(net), zero);
  const std::string parameters = state_hash(net);
  state_dict(net).at("layer.1.num_batches_tracked").add_(1);
  EXPECT_NE(state_hash(net), parameters);
}

TEST(StateHashTest, TellsEqualBytesOfOtherShapeTypeOrNameApart) {
  const auto hash_of = [](const char* name, const torch::Tensor& tensor) {
    torch::nn::Module module;
    module.register_buffer(name, tensor);
    return state_hash(module);
  };
  const std::string reference = hash_of("w", torch::zeros({2, 2}));
  EXPECT_NE(hash_of("w", torch::zeros({4})), reference);
  EXPECT_NE(hash_of("w", torch::zeros({2, 2}, torch::kInt32)), reference);
  EXPECT_NE(hash_of("v", torch::zeros({2, 2})), reference);
}

}  // namespace
}  // namespace retort::weights
