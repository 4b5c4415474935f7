#include <gmock/gmock.h>

#include "assembled.hpp"
#include "weights/state.hpp"

namespace retort::graph {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// A student of 4 channels, a teacher of 8, and a teacher whose weights another stage trains.
const std::string kModels = R"(
[dataset]
use = "synthetic"
classes = 5
image = [3, 8, 8]

[teacher]
use = "convnet"
channels = [8]

[student]
use = "convnet"
channels = [4]
)";

const std::string kLabel = "[loss.label]\nuse = \"cross_entropy\"\n";

TEST(Assembly, FindsShapesParametersAndFlops) {
  const Assembled assembled(kModels + kLabel + "[loss.soft]\nuse = \"kl_divergence\"\n");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  const TrainingGraph& graph = *assembled.graph;
  EXPECT_EQ(graph.student.taps.at("logits"), (Shape{5}));
  EXPECT_EQ(graph.student.taps.at("penultimate"), (Shape{4}));
  std::int64_t parameters = 0;
  for (const auto& parameter : graph.student.model->parameters()) parameters += parameter.numel();
  EXPECT_EQ(graph.student.parameters, parameters);
  // The teacher's convolution has twice the channels of the student's, and so have its other layers.
  EXPECT_EQ(graph.teacher->flops, 2 * graph.student.flops);
  EXPECT_TRUE(graph.unreached.empty());
  ASSERT_EQ(graph.terms.size(), 2u);
  EXPECT_TRUE(graph.terms[0].teacher.empty());
  EXPECT_THAT(graph.teacher->request.names(), ElementsAre("logits"));
}

TEST(Assembly, SizesProjectorsByTheOtherSide) {
  const Assembled assembled(kModels + kLabel + R"(
[loss.hint]
use = "logsum"
student = { tap = "penultimate", projector = { use = "linear" }, normalization = { use = "batch_norm" } }
teacher = { tap = "penultimate", normalization = { use = "batch_norm" } }
)");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  const Branch& branch = assembled.graph->terms.at(1).student.at(0);
  EXPECT_EQ(branch.tap_shape, (Shape{4}));
  EXPECT_EQ(branch.projected_shape, (Shape{8}));
  ASSERT_EQ(assembled.graph->projectors().size(), 1u);
  EXPECT_EQ(assembled.graph->projectors()[0].name, "loss.hint.student.projector");
}

TEST(Assembly, ShapesThatDoNotFitAreAnErrorAtTheLoss) {
  const Assembled assembled(kModels + kLabel + R"(
[loss.hint]
use = "mse_logits"
student = "penultimate"
teacher = "penultimate"
)");
  EXPECT_FALSE(assembled.graph);
  EXPECT_EQ(assembled.diagnostics.exit_code(), 2);
  EXPECT_THAT(assembled.diagnostics.text(), HasSubstr("loss.hint"));
  EXPECT_THAT(assembled.diagnostics.text(), HasSubstr("2x4"));
  EXPECT_THAT(assembled.diagnostics.text(), HasSubstr("2x8"));
}

TEST(Assembly, UnknownTapsOfSeveralTermsAreReportedTogether) {
  const Assembled assembled(kModels + R"(
[loss.a]
use = "mse_logits"
student = "logit"
[loss.b]
use = "kl_divergence"
teacher = "penultimat"
)");
  EXPECT_FALSE(assembled.graph);
  EXPECT_THAT(assembled.diagnostics.text(), HasSubstr("did you mean 'logits'?"));
  EXPECT_THAT(assembled.diagnostics.text(), HasSubstr("did you mean 'penultimate'?"));
  EXPECT_EQ(assembled.diagnostics.errors().size(), 2u);
}

TEST(Assembly, ParametersBehindTheLastTapAreNamed) {
  const Assembled assembled(kModels + R"(
[loss.hint]
use = "logsum"
student = { tap = "penultimate", projector = { use = "linear" } }
)");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  EXPECT_THAT(assembled.graph->unreached, Contains(HasSubstr("student.")));
  EXPECT_EQ(assembled.diagnostics.warnings().size(), 1u);
  for (const std::string& name : assembled.graph->unreached) {
    EXPECT_THAT(assembled.diagnostics.text(), HasSubstr(name));
  }
}

TEST(Assembly, LeavesRunningStatisticsAndGradientsAsTheyWere) {
  const Assembled assembled(kModels + kLabel);
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  for (const auto& buffer : assembled.graph->student.model->named_buffers()) {
    const double sum = buffer.value().to(torch::kDouble).sum().item<double>();
    if (buffer.key().ends_with("running_var")) {
      EXPECT_EQ(sum, static_cast<double>(buffer.value().numel())) << buffer.key();
    } else {
      EXPECT_EQ(sum, 0.0) << buffer.key();
    }
  }
  for (const auto& parameter : assembled.graph->student.model->parameters()) EXPECT_FALSE(parameter.grad().defined());
}

TEST(Assembly, TheStudentStartsTheSameWithAndWithoutATeacher) {
  const Assembled with(kModels + kLabel + "[loss.soft]\nuse = \"kl_divergence\"\n");
  std::string alone = kModels;
  alone.erase(alone.find("[teacher]"), alone.find("[student]") - alone.find("[teacher]"));
  const Assembled without(alone + kLabel);
  const Assembled other_seed(alone + kLabel, 2);
  ASSERT_TRUE(with.graph && without.graph && other_seed.graph) << without.diagnostics.text();
  EXPECT_EQ(weights::state_hash(*with.graph->student.model), weights::state_hash(*without.graph->student.model));
  EXPECT_NE(weights::state_hash(*with.graph->student.model), weights::state_hash(*other_seed.graph->student.model));
}

TEST(Assembly, ClassesOfModelAndDataSetMustAgree) {
  std::string text = kModels + kLabel;
  text.insert(text.find("[student]"), "classes = 7\n\n");
  const Assembled assembled(text);
  EXPECT_FALSE(assembled.graph);
  EXPECT_THAT(assembled.diagnostics.text(), HasSubstr("teacher.classes is 7, but the data set has 5"));
  EXPECT_EQ(assembled.diagnostics.exit_code(), 2);
}

TEST(Prune, TakesOutTermsThatWeighNothingAndTheTeacherWithThem) {
  const Assembled assembled(kModels + kLabel + "[loss.soft]\nuse = \"kl_divergence\"\nweight = 0.0\n");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  EXPECT_EQ(assembled.graph->terms.size(), 1u);
  EXPECT_FALSE(assembled.graph->uses_teacher());
  EXPECT_THAT(assembled.graph->notes, Contains(HasSubstr("loss.soft has weight 0")));
}

TEST(Prune, KeepsATermWhoseWeightGrows) {
  const Assembled assembled(
      kModels + kLabel +
      "[loss.soft]\nuse = \"kl_divergence\"\nweight = { value = 0.0, use = \"linear\", final = 1.0 }\n");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  EXPECT_EQ(assembled.graph->terms.size(), 2u);
}

TEST(Prune, AModelStopsBehindTheLastTapAskedFor) {
  const Assembled assembled(kModels + kLabel + R"(
[loss.hint]
use = "logsum"
student = { tap = "penultimate", projector = { use = "linear" } }
)");
  ASSERT_TRUE(assembled.graph) << assembled.diagnostics.text();
  EXPECT_THAT(assembled.graph->teacher->request.names(), ElementsAre("penultimate"));
  EXPECT_THAT(assembled.graph->notes, Contains(HasSubstr("teacher stops before logits")));
}

}  // namespace
}  // namespace retort::graph
