#include <gmock/gmock.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

double value(const torch::Tensor& student, const torch::Tensor& teacher, const retort::Table& options = {}) {
  const auto loss = plugin.loss("l2_distance", options);
  return loss->forward({.student = retort::Features({student}), .teacher = retort::Features({teacher})}).item<double>();
}

TEST(L2Distance, ReadsThePenultimateFeatures) {
  const auto& descriptor = plugin.component(retort::Kind::Loss, "l2_distance").descriptor;
  EXPECT_EQ(descriptor.student_tap, "penultimate");
  EXPECT_EQ(descriptor.teacher_tap, "penultimate");
}

// Feature maps [2, 1, 2, 2]: squared differences 1 4 9 16 and 0 0 0 4.
TEST(L2Distance, IsSquaredAndAveragesOrSumsTheFeatures) {
  const auto student = torch::tensor({1.0, 2.0, -3.0, 4.0, 0.0, 0.0, 0.0, 2.0}, torch::kFloat64).view({2, 1, 2, 2});
  const auto teacher = torch::zeros_like(student);
  EXPECT_DOUBLE_EQ(value(student, teacher), 34 / 8.0);
  EXPECT_DOUBLE_EQ(value(student, teacher, {{"reduce", "sum"}}), (30 + 4) / 2.0);
}

TEST(L2Distance, RefusesToBroadcast) {
  EXPECT_THROW(value(torch::zeros({4, 10}), torch::zeros({4, 1})), retort::ShapeError);
}

TEST(L2Distance, KeepsTheContract) {
  for (const char* reduce : {"mean", "sum"}) {
    EXPECT_THAT(retort::testing::check_loss(plugin, "l2_distance", {{"reduce", reduce}}), IsEmpty());
  }
}

}  // namespace
