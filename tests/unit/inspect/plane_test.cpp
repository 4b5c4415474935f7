#include "inspect/plane.hpp"

#include <gmock/gmock.h>
#include <torch/nn.h>

namespace retort::inspect {
namespace {

using testing::HasSubstr;

// A model with matrices in several places.
class Matrices final : public Model {
 public:
  explicit Matrices(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& parameters) {
    for (const auto& [name, shape] : parameters) {
      register_parameter(name, torch::full(shape, static_cast<double>(++count_)));
    }
  }
  std::vector<TapInfo> taps() const override { return {}; }
  InputSpec input() const override { return {}; }
  Taps forward(const ModelInput&, const TapRequest& request) override { return Taps(request); }

 private:
  int count_ = 0;
};

torch::Tensor rows(const std::vector<double>& values, std::int64_t columns) {
  return torch::tensor(values, torch::kDouble).view({-1, columns});
}

template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const InvalidParameter& error) {
    return error.what();
  }
  return "";
}

TEST(Plane, HasTheTemplatesAtTheirDistances) {
  const torch::Tensor corners = torch::randn({3, 16}, torch::kDouble);
  const Plane plane = plane_through(corners);
  EXPECT_TRUE(torch::allclose(torch::matmul(plane.basis, plane.basis.t()), torch::eye(2, torch::kDouble)));
  const torch::Tensor placed = project(plane, corners);
  // The plane holds its corners: nothing is lost by projecting them.
  EXPECT_TRUE(torch::allclose(torch::cdist(placed, placed), torch::cdist(corners, corners)));
  EXPECT_TRUE(torch::allclose(placed[0], torch::zeros({2}, torch::kDouble)));
  EXPECT_NEAR(placed[1][1].item<double>(), 0.0, 1e-12);
  EXPECT_GT(placed[1][0].item<double>(), 0.0);
  EXPECT_GT(placed[2][1].item<double>(), 0.0);
}

TEST(Plane, ProjectsOntoCoordinatesKnownByHand) {
  const Plane plane = plane_through(rows({1, 0, 5, 4, 0, 5, 1, 2, 5}, 3));
  EXPECT_TRUE(torch::allclose(project(plane, rows({3, 1, -7, 1, 0, 5}, 3)), rows({2, 1, 0, 0}, 2)));
}

TEST(Plane, LeavesOutWhatIsAcrossIt) {
  const torch::Tensor corners = torch::randn({3, 4}, torch::kDouble);
  const torch::Tensor points = torch::randn({10, 4}, torch::kDouble);
  const Plane plane = plane_through(corners);
  // The least squares solution of corners' span, by another way: the pseudo-inverse of two edges.
  const torch::Tensor edges = torch::stack({corners[1] - corners[0], corners[2] - corners[0]}, 1);
  const torch::Tensor nearest =
      torch::matmul(torch::matmul(edges, torch::linalg_pinv(edges)), (points - corners[0]).t()).t() + corners[0];
  const torch::Tensor ours = torch::matmul(project(plane, points), plane.basis) + plane.origin;
  EXPECT_TRUE(torch::allclose(ours, nearest));
}

TEST(Plane, NeedsThreeCornersThatAreNotOnALine) {
  EXPECT_THAT(error_of([] { plane_through(rows({0, 0, 1, 1, 2, 2}, 2)); }), HasSubstr("lie on one line"));
  EXPECT_THAT(error_of([] { plane_through(rows({0, 1, 0, 1, 2, 2}, 2)); }), HasSubstr("lie on one line"));
  EXPECT_THAT(error_of([] { plane_through(torch::zeros({3, 2}, torch::kDouble)); }), HasSubstr("lie on one line"));
}

TEST(ClassTemplates, AreTheRowsOfTheLastMatrixOfThatShape) {
  const Matrices model({{"stem", {4, 8}}, {"hidden", {8, 4}}, {"fc", {4, 8}}, {"bias", {4}}, {"conv", {4, 8, 1, 1}}});
  const Templates found = class_templates(model, 4, 8);
  EXPECT_EQ(found.parameter, "fc");
  EXPECT_TRUE(found.rows.equal(torch::full({4, 8}, 3.0, torch::kDouble)));
}

TEST(ClassTemplates, OtherModelsAreRefusedWithWhatTheyHave) {
  const Matrices model({{"hidden", {8, 4}}, {"bias", {10}}});
  const std::string said = error_of([&] { class_templates(model, 10, 4); });
  EXPECT_THAT(said, HasSubstr("no classifier layer"));
  EXPECT_THAT(said, HasSubstr("10x4"));
  EXPECT_THAT(said, HasSubstr("hidden 8x4"));
}

}  // namespace
}  // namespace retort::inspect
