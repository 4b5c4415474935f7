#include <gmock/gmock.h>
#include <torch/types.h>

#include "assembled.hpp"
#include "graph/forward.hpp"

namespace retort::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string experiment(const std::string& combine, const std::string& of_second = "") {
  return R"(
[dataset]
use = "synthetic"
classes = 5
image = [3, 8, 8]
[student]
use = "convnet"
channels = [4]
[loss.soft]
use = "kl_divergence"
[teacher]
combine = ")" +
         combine + R"("
[teacher.members.a]
use = "convnet"
channels = [8]
mean = [0.5, 0.4, 0.3]
deviation = [0.25, 0.5, 0.125]
[teacher.members.b]
use = "convnet"
channels = [6]
)" + of_second;
}

const torch::Tensor kImages = torch::rand({7, 3, 8, 8});  // in [0, 1]

// The logits of one member, which expects its images normalised its own way; in double precision.
torch::Tensor logits_of(const ModelNode& member) {
  const auto row = [](const std::vector<double>& values) { return torch::tensor(values).view({1, 3, 1, 1}); };
  const torch::Tensor images = (kImages - row(member.input.mean)) / row(member.input.deviation);
  return forward_model(member, images, {}, TapRequest{"logits"}).at("logits").to(torch::kDouble);
}

class EnsembleOf : public testing::TestWithParam<const char*> {};

TEST_P(EnsembleOf, CombinesWhatItsMembersSay) {
  const std::string combine = GetParam();
  const Assembled assembled(experiment(combine));
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  const ModelNode& teacher = *assembled.graph->teacher;
  const torch::NoGradGuard no_grad;
  teacher.model->eval();
  ASSERT_EQ(teacher.members.size(), 2u);
  const torch::Tensor a = logits_of(teacher.members[0]), b = logits_of(teacher.members[1]);
  ASSERT_FALSE(a.allclose(b));

  const Taps taps = forward_model(teacher, kImages, {}, TapRequest{"logits"});
  const torch::Tensor found = taps.at("logits").to(torch::kDouble);
  if (combine == "mean_logits") {
    EXPECT_TRUE(found.allclose((a + b) / 2, 1e-5, 1e-6));
  } else if (combine == "sum_logits") {
    EXPECT_TRUE(found.allclose(a + b, 1e-5, 1e-6));
  } else {
    const auto probabilities = [](const torch::Tensor& z) { return z.exp() / z.exp().sum(1, true); };
    EXPECT_TRUE(found.exp().allclose((probabilities(a) + probabilities(b)) / 2, 1e-5, 1e-6));
  }
  EXPECT_EQ(teacher.parameters, teacher.members[0].parameters + teacher.members[1].parameters);
}

INSTANTIATE_TEST_SUITE_P(Combinations, EnsembleOf, testing::Values("mean_logits", "mean_probabilities", "sum_logits"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Ensemble, HandsOutItsMembersTaps) {
  const Assembled assembled(experiment("mean_logits") + R"(
[loss.hint]
use = "logsum"
student = { tap = "penultimate", projector = { use = "linear" } }
teacher = "b.penultimate"
)");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  EXPECT_THAT(assembled.graph->teacher->request.names(), ElementsAre("b.penultimate", "logits"));
  EXPECT_EQ(assembled.graph->terms.at(1).teacher.at(0).projected_shape, (Shape{6}));
}

TEST(Ensemble, WhoseMembersDisagreeInClassesIsRefused) {
  const Assembled assembled(experiment("mean_logits", "classes = 6\n"));
  EXPECT_FALSE(assembled.graph);
  EXPECT_THAT(assembled.diagnostics.text(),
              HasSubstr("teacher.members.b.classes is 6, but the data set has 5; leave it out to follow the data set"));
  EXPECT_EQ(assembled.diagnostics.exit_code(), 2);
}

}  // namespace
}  // namespace retort::graph
